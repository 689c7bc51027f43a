import { staticLinkLocal } from '../../common/contract.ts'
import type { Arrival } from '../../common/mdns.ts'
import { type Question as MdnsQuestion, type Message, sameName } from '../../common/message.ts'
import { hostLabelOf, isAskedFor, type Question, type Sighting, type Source } from '../sighting.ts'
import { isAnswer, openQuerier, untilQuiet } from './querier.ts'

/** Asks each link for the addresses of the host names (RFC 6762 section 5.1). */
export const mdns: Source = async function* (link, question, signal) {
  const querier = await openQuerier(link, question)
  yield* untilQuiet(link, querier, signal, async (push) => {
    for (const door of [...querier.askers, ...querier.listeners])
      door.onMessage((arrival: Arrival) => {
        if (isAnswer(link, door, arrival))
          for (const sighting of readHosts(arrival.message, link.name, question)) push(sighting)
      })
    const questions = hostQuestions(question)
    await Promise.all(querier.askers.map((door) => door.send({ questions })))
  })
}

function hostQuestions({ names }: Question): MdnsQuestion[] {
  return names.flatMap((name) =>
    (['AAAA', 'A'] as const).map((type) => ({
      name: `${name}.local`,
      type,
      internet: true,
      unicast: false,
    })),
  )
}

/** One sighting a host name: all addresses that a message gives it. */
export function readHosts(
  message: Message,
  link: string,
  question: Pick<Question, 'names'>,
): Sighting[] {
  const records = [...message.answers, ...message.additionals]
  const hosts = records.filter(
    (record) => (record.type === 'A' || record.type === 'AAAA') && record.ttl > 0,
  )
  const names = [...new Set(hosts.map((record) => record.name.toLowerCase()))]
  return withoutAliases(names).flatMap((lower): Sighting[] => {
    const ofName = hosts.filter((record) => sameName(record.name, lower))
    const name = hostLabelOf(ofName[0]?.name ?? '')
    if (!name) return []
    const addresses = ofName.flatMap((record) =>
      record.type === 'A' || record.type === 'AAAA' ? [record.data] : [],
    )
    const installer = isAskedFor(name, question) || addresses.includes(staticLinkLocal)
    return [{ source: 'mdns', link, at: Date.now(), addresses, name, installer }]
  })
}

/** `nixos-1ae4b7` beside `nixos` is our agent's second name for one machine, not a machine. */
function withoutAliases(names: readonly string[]): string[] {
  const first = (name: string) => name.replace(/-[0-9a-f]{6}\.local$/, '.local')
  return names.filter((name) => first(name) === name || !names.includes(first(name)))
}
