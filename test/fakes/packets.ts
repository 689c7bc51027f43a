import { addressBytes } from '../../common/address.ts'
import { encodeMessage } from '../../common/encode.ts'
import type { Message, ResourceRecord } from '../../common/message.ts'
import { mutated, seededRandom } from './hostile.ts'

/** DNS packets that no honest encoder makes, byte by byte, and the floods that attack the agent. */

export const types = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, ANY: 255 } as const
type Type = keyof typeof types

const u16 = (value: number) => Buffer.from([value >> 8, value & 255])
/** Text, or bytes that are none. */
export type Word = string | Buffer
const bytesOf = (word: Word) => (typeof word === 'string' ? Buffer.from(word) : word)
const labels = (name: string | readonly Word[]): readonly Word[] =>
  typeof name === 'string' ? name.split('.') : name

/** A name of labels that may hold any bytes; given as a list they may hold dots. */
export function dnsName(name: string | readonly Word[]): Buffer {
  const parts = labels(name).map((label) => bytesOf(label).subarray(0, 63))
  const lengths = parts.flatMap((label) => [Buffer.from([label.length]), label])
  return Buffer.concat([...lengths, Buffer.from([0])])
}

export function record(name: Buffer, type: Type, data: Buffer, ttl = 120): Buffer {
  return Buffer.concat([name, u16(types[type]), u16(0x8001), u32(ttl), u16(data.length), data])
}

const u32 = (value: number) => Buffer.concat([u16(Math.floor(value / 65536)), u16(value & 65535)])

export const srv = (port: number, target: Buffer) => Buffer.concat([u32(0), u16(port), target])
export const txt = (strings: readonly Word[]) =>
  Buffer.concat(
    strings.flatMap((each) => {
      const bytes = bytesOf(each).subarray(0, 255)
      return [Buffer.from([bytes.length]), bytes]
    }),
  )

export function response(answers: readonly Buffer[]): Buffer {
  return Buffer.concat([header(0x8400, 0, answers.length), ...answers])
}

function header(flags: number, ...counts: number[]): Buffer {
  const four = [0, 1, 2, 3].map((index) => u16(counts[index] ?? 0))
  return Buffer.concat([u16(7), u16(flags), ...four])
}

/** One attack: packets, sent from port 5353 unless it says otherwise. */
export interface Attack {
  packets: () => Iterable<Buffer>
  ports?: readonly number[]
  /** Sent as fast as they go; else the agent is asked, and has to answer, after every hundredth. */
  burst?: boolean
}

function* times(count: number, make: (index: number) => Buffer): Generator<Buffer> {
  for (let index = 0; index < count; index++) yield make(index)
}

const asked = ['NixOS.local', '_ssh._tcp.local', '_services._dns-sd._udp.local']
const questions = asked.map((name) => ({ name, type: 'ANY', internet: true, unicast: false }))
const host = (name: string, data: string): ResourceRecord => {
  return { name, type: 'AAAA', ttl: 120, flush: true, data }
}
const query = (message: Partial<Message> = {}) => encodeMessage({ questions, ...message })
const templates = [
  query(),
  query({ authorities: [host('NixOS.local', 'fe80::9')] }),
  encodeMessage({ response: true, answers: [host('other.local', 'fe80::9')] }),
  response([record(dnsName('a.local'), 'SRV', srv(22, dnsName('b.local')))]),
]

/** `pointers` pointers, each to the one before it, as the data of a record; then questions for the last. */
function pointerChain(pointers: number, asking: number): Buffer {
  const chain = Array.from({ length: pointers }, (_, index) =>
    u16(0xc000 | Math.min(0x3fff, index === 0 ? 4 : 23 + 2 * (index - 1))),
  )
  const data = Buffer.concat(chain)
  const first = record(Buffer.from([0]), 'TXT', data)
  const last = u16(0xc000 | Math.min(0x3fff, 12 + first.length - 2))
  const others = Array(asking).fill(record(last, 'A', Buffer.alloc(4)))
  return Buffer.concat([header(0x8400, 0, 1 + asking), first, ...others])
}

/** Hundreds of questions for names that are pointers to the first: 6 bytes each. */
function manyQuestions(bytes: number, known: number): Buffer {
  const first = Buffer.concat([dnsName('NixOS.local'), u16(types.ANY), u16(1)])
  const answers = Array(known).fill(record(u16(0xc00c), 'A', Buffer.from([192, 0, 2, 9])))
  const room = bytes - 12 - first.length - Buffer.concat(answers).length
  const more = times(Math.floor(room / 6), (index) =>
    Buffer.concat([u16(0xc00c), u16(index % 2 ? types.ANY : 256 + index), u16(1)]),
  )
  const asks = [first, ...more]
  return Buffer.concat([header(0, asks.length, known), ...asks, ...answers])
}

/** What an installer of this MAC is called after so many lost names. */
const nameAfter = (lost: number) =>
  lost === 0 ? 'NixOS.local' : `nixos-123456${lost > 1 ? `-${lost}` : ''}.local`
const claim = (name: string) =>
  response([record(dnsName(name), 'AAAA', addressBytes('fe80::bad'), 120)])

export const attacks: Record<string, Attack> = {
  'mutated packets': {
    packets: () => {
      const random = seededRandom(47)
      return times(2000, (index) => mutated(templates[index % 4] ?? query(), random))
    },
  },
  'a burst of queries': { packets: () => times(50_000, () => query()), burst: true },
  'counts of 65,535': {
    packets: () => times(2000, (index) => header(index % 2 ? 0x8400 : 0, ...Array(4).fill(65_535))),
    burst: true,
  },
  'pointers to themselves, forward and in chains': {
    packets: () =>
      times(400, (index) =>
        index % 2
          ? Buffer.concat([header(0, 1), u16(0xc00c), u16(1), u16(1)])
          : pointerChain(2000, 400),
      ),
  },
  'questions of 9,000 bytes': {
    packets: () => times(40, (index) => manyQuestions(9000, index % 2 ? 300 : 0)),
    ports: [5353, 40_000],
  },
  'questions of 60,000 bytes': {
    packets: () => times(4, () => manyQuestions(60_000, 2000)),
    ports: [5353, 40_000],
  },
  'questions from the ports of other services': {
    packets: () => times(400, () => query()),
    ports: [1, 7, 19, 53, 65_535],
  },
  'responses that claim its names': {
    packets: () => times(3000, (index) => claim(nameAfter(Math.floor(index / 3) % 40))),
    burst: true,
  },
  'probes that win every tie': {
    packets: () =>
      times(600, (index) => {
        const name = nameAfter(index % 40)
        if (index % 3 === 0) return claim(name)
        return query({ authorities: [host(name, 'ffff::1'), host('NixOS.local', 'ffff::1')] })
      }),
    burst: true,
  },
}
