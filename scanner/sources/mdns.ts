import { reverseName } from '../../common/address.ts'
import { staticLinkLocal } from '../../common/contract.ts'
import { type Message, sameName } from '../../common/message.ts'
import { Channel } from '../channel.ts'
import {
  firstName,
  hostLabelOf,
  isAskedFor,
  onLink,
  type Question,
  type Sighting,
} from '../sighting.ts'
import { Allowance } from './allowance.ts'
import type { Source } from './round.ts'
import { SaidBefore } from './said-before.ts'

/** The host names in the answers of a round, and their addresses (RFC 6762 section 5.1). */
export const mdns: Source = async function* ({ link, question, querier, patience: { signal } }) {
  const heard = new Channel<Sighting>()
  const end = () => heard.end()
  signal.addEventListener('abort', end)
  const allowance = new Allowance()
  const asker = await querier
  const said = new SaidBefore()
  const stop = asker?.onAnswer(({ message, address }) => {
    if (!allowance.has(address) || !said.isNew({ message, address })) return
    const began = performance.now()
    const seen = readHosts(message, link.name, question, address)
    for (const sighting of seen) {
      const believed = onLink(sighting, link)
      if (believed) heard.push(believed)
    }
    allowance.spend(address, seen.length, performance.now() - began)
  })
  if (!asker || signal.aborted) end()
  try {
    yield* heard
  } finally {
    stop?.()
    signal.removeEventListener('abort', end)
  }
}

/** One sighting a host name: all addresses that a message gives it, else the one it came from. */
export function readHosts(
  message: Message,
  link: string,
  question: Pick<Question, 'names'>,
  from?: string,
): Sighting[] {
  const records = [...message.answers, ...message.additionals]
  const hosts = records.filter(
    (record) => (record.type === 'A' || record.type === 'AAAA') && record.ttl > 0,
  )
  const names = [...new Set(hosts.map((record) => record.name.toLowerCase()))]
  const seen = withoutAliases(names).flatMap((lower): Sighting[] => {
    const ofName = hosts.filter((record) => sameName(record.name, lower))
    const addresses = ofName.flatMap((record) =>
      record.type === 'A' || record.type === 'AAAA' ? [record.data] : [],
    )
    return sightingOf(ofName[0]?.name ?? '', addresses, link, question)
  })
  if (seen.length > 0 || from === undefined) return seen
  return namesByAddress(message, from).flatMap((name) => sightingOf(name, [from], link, question))
}

function sightingOf(
  host: string,
  addresses: string[],
  link: string,
  question: Pick<Question, 'names'>,
): Sighting[] {
  const name = hostLabelOf(host)
  if (!name) return []
  const installer = isAskedFor(name, question) || addresses.includes(staticLinkLocal)
  return [{ source: 'mdns', link, at: Date.now(), addresses, name, installer }]
}

/** What a machine is called that was asked for the name of its own address (RFC 6762 section 4). */
function namesByAddress({ answers }: Message, address: string): string[] {
  const reverse = reverseName(address)
  return answers
    .flatMap((record) =>
      record.type === 'PTR' && record.ttl > 0 && sameName(record.name, reverse)
        ? [record.data]
        : [],
    )
    .slice(0, 1)
}

/** `nixos-1ae4b7` beside `nixos` is our agent's second name for one machine, not a machine. */
function withoutAliases(names: readonly string[]): string[] {
  return names.filter((name) => firstName(name) === name || !names.includes(firstName(name)))
}
