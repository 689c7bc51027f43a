import { fileURLToPath } from 'node:url'
import { mdnsPort } from '../../common/contract.ts'
import { ownIPv4, ownLinkLocal, readLinks } from '../../common/links.ts'
import { type Arrival, openGroup, openUnicast } from '../../common/mdns.ts'
import type { Question, ResourceRecord } from '../../common/message.ts'

/** What a machine hears on a link, and what it asks there: a program that a test runs in a namespace. */
export const wireProgram = fileURLToPath(import.meta.url)

export interface WireRequest {
  link: string
  family: 'IPv4' | 'IPv6'
  questions?: Pick<Question, 'name' | 'type'>[]
  /** Asked directly, at this address; else the group. */
  to?: string
  /** From port 5353, as a full mDNS querier; else from an ephemeral port. */
  full?: boolean
  known?: ResourceRecord[]
  /** Questions of others count as heard, too. */
  queries?: boolean
}

export interface Heard extends Omit<Arrival, 'packet'> {
  /** It came to the asker itself, not to the group. */
  unicast: boolean
}

if (process.argv[1] === wireProgram)
  await listen(JSON.parse(process.argv[2] ?? '{}') as WireRequest)

async function listen({
  link,
  family,
  questions = [],
  to,
  full,
  known = [],
  queries,
}: WireRequest) {
  const own = (await readLinks()).find((each) => each.name === link)
  const speaker = own && (family === 'IPv4' ? ownIPv4(own) : ownLinkLocal(own))
  if (!speaker) throw new Error(`no ${family} address to speak from on ${link}`)
  const group = await openGroup(link, family, speaker)
  const asker = await openUnicast(link, speaker, full ? mdnsPort : 0)
  for (const door of [group, asker])
    door.onMessage(({ packet: _, ...arrival }) => {
      const heard: Heard = { ...arrival, unicast: door === asker }
      if (arrival.message.response || arrival.message.authorities.length > 0 || queries)
        process.stderr.write(`${JSON.stringify(heard)}\n`)
    })
  process.stderr.write('"listening"\n')
  const asked = questions.map((each) => ({ ...each, internet: true, unicast: false }))
  const destination = to === undefined ? undefined : { address: to, port: mdnsPort }
  const speakerDoor = full && !to ? group : asker
  if (asked.length > 0) await speakerDoor.send({ questions: asked, answers: known }, destination)
}

/** The addresses among records, by kind of record. */
export function addressesIn(records: readonly ResourceRecord[]): string[] {
  return records.flatMap((each) => (each.type === 'A' || each.type === 'AAAA' ? [each.data] : []))
}
