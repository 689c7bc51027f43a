import { eui64FromMac, linkLocalFromMac } from '../../common/address.ts'
import { encodeAdvertisement } from '../../common/advertisement.ts'
import { installerSubtype, sshService } from '../../common/contract.ts'
import { decodeMessage } from '../../common/decode.ts'
import { encodeMessage } from '../../common/encode.ts'
import type { ResourceRecord } from '../../common/message.ts'
import { merge } from '../../scanner/merge.ts'
import { formatTable } from '../../scanner/print/table.ts'
import type { Sighting } from '../../scanner/sighting.ts'
import { DirectQuestions } from '../../scanner/sources/direct.ts'
import { mdns } from '../../scanner/sources/mdns.ts'
import { Patience } from '../../scanner/sources/patience.ts'
import { Knowledge, Querier } from '../../scanner/sources/querier.ts'
import type { Round, Source } from '../../scanner/sources/round.ts'
import { service } from '../../scanner/sources/service.ts'
import { fakeDoor } from '../fakes/door.ts'
import { fakeAddress, fakeLink } from '../fakes/link.ts'
import { elapsed, inTurn, spread, type Topic } from './measure.ts'

/** How the work grows with the number of installers: from the bytes of their answers to the table, without a network. */
export const growth: Topic = {
  name: 'growth',
  needs: [],
  async *measure(runs) {
    const counts = [10, 100, 1000, 4000]
    const sides = Object.fromEntries(
      counts.map((count) => {
        const packets = Array.from({ length: count }, (_, index) => answerOf(index))
        return [String(count), async () => (await elapsed(() => tableOf(packets))) / count]
      }),
    )
    // What the compiler learns on the way is nobody's part.
    for (let warm = 0; warm < 2; warm++) for (const side of Object.values(sides)) await side()
    const figures = await inTurn(sides, runs)
    const peer = { name: 'of 100', spread: spread(figures['100'] ?? []) }
    for (const count of counts)
      yield {
        what: `in memory: an installer of ${count}`,
        unit: 'ms',
        ours: spread(figures[String(count)] ?? []),
        peer,
        ...(count > 100 && { target: { most: 1.5 } }),
      }
  },
}

interface Answer {
  bytes: Buffer
  address: string
}

/** What one of our agents answers to the question for all. */
function answerOf(index: number): Answer {
  const mac = `52:54:00:${[16, 8, 0].map((bits) => ((index >> bits) & 0xff).toString(16).padStart(2, '0')).join(':')}`
  const address = linkLocalFromMac(mac)
  const name = `nixos-${mac.slice(9).replaceAll(':', '')}`
  const [host, instance] = [`${name}.local`, `${name}.${sshService}`]
  const id = eui64FromMac(mac)
  const told = { host: 'NixOS', user: 'nixos', hostKeys: [], boot: '0a1b2c3d', agent: '0.1.0' }
  const record = (name: string, rest: object) =>
    ({ name, ttl: 120, flush: false, ...rest }) as ResourceRecord
  const answers = [installerSubtype, sshService].map((type) =>
    record(type, { type: 'PTR', data: instance }),
  )
  const text = encodeAdvertisement({ id, eui64: id, ...told, os: undefined, flake: undefined })
  const additionals = [
    record(instance, { type: 'SRV', data: { priority: 0, weight: 0, port: 22, target: host } }),
    record(instance, { type: 'TXT', data: text }),
    record(host, { type: 'AAAA', data: address }),
  ]
  return { bytes: encodeMessage({ response: true, answers, additionals }), address }
}

async function tableOf(answers: readonly Answer[]): Promise<string> {
  const door = fakeDoor()
  const link = fakeLink({ addresses: [fakeAddress('fe80::1')] })
  const asker = new Querier(link, [door], [], [], new Knowledge())
  const over = new AbortController()
  const patience = new Patience(over.signal, 60_000)
  const querier = Promise.resolve(asker)
  const direct = new DirectQuestions(querier, [], patience, new Set())
  const question = { names: ['NixOS'], warn: () => {} }
  const round = { link, question, patience, querier, direct, echoes: { sent: 0, answered: 0 } }
  const seen = [mdns, service].map((source) => all(source, round))
  // The sources listen a moment later.
  await new Promise(setImmediate)
  for (const { bytes, address } of answers) door.arrive(decodeMessage(bytes), address)
  await new Promise(setImmediate)
  over.abort()
  const machines = merge((await Promise.all(seen)).flat())
  if (machines.length !== answers.length) throw new Error(`${machines.length} of ${answers.length}`)
  return formatTable(machines, undefined)
}

async function all(source: Source, round: Round): Promise<Sighting[]> {
  const seen: Sighting[] = []
  for await (const sighting of source(round)) seen.push(sighting)
  return seen
}
