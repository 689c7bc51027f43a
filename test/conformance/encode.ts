import { addressBytes } from './bytes.ts'
import { type DnsRecord, encodeName, type Header, IN, type Question, type } from './dns.ts'

/** Crafts messages, right and wrong ones. Names are written out. */

export type Said = Omit<DnsRecord, 'target'>

export interface Parts extends Partial<Header> {
  questions?: Question[]
  answers?: Said[]
  authorities?: Said[]
  additionals?: Said[]
}

export function encodeMessage(parts: Parts): Buffer {
  const { questions = [], answers = [], authorities = [], additionals = [] } = parts
  const header = Buffer.alloc(12)
  header.writeUInt16BE(parts.id ?? 0, 0)
  header.writeUInt16BE(flagsOf(parts), 2)
  for (const [i, section] of [questions, answers, authorities, additionals].entries())
    header.writeUInt16BE(section.length, 4 + 2 * i)
  const records = [...answers, ...authorities, ...additionals]
  return Buffer.concat([header, ...questions.map(encodeQuestion), ...records.map(encodeRecord)])
}

function flagsOf(parts: Parts): number {
  const shifts = { qr: 15, aa: 10, tc: 9, rd: 8, ra: 7, z: 6, ad: 5, cd: 4 } as const
  const keys = Object.keys(shifts) as (keyof typeof shifts)[]
  const bits = keys.reduce((sum, key) => sum | ((parts[key] ?? 0) << shifts[key]), 0)
  return bits | ((parts.opcode ?? 0) << 11) | (parts.rcode ?? 0)
}

function encodeQuestion(each: Question): Buffer {
  const tail = Buffer.alloc(4)
  tail.writeUInt16BE(each.type, 0)
  tail.writeUInt16BE(each.class | (each.unicast ? 0x8000 : 0), 2)
  return Buffer.concat([encodeName(each.name), tail])
}

function encodeRecord(each: Said): Buffer {
  const middle = Buffer.alloc(10)
  middle.writeUInt16BE(each.type, 0)
  middle.writeUInt16BE(each.class | (each.flush ? 0x8000 : 0), 2)
  middle.writeUInt32BE(each.ttl, 4)
  middle.writeUInt16BE(each.rdata.length, 8)
  return Buffer.concat([encodeName(each.name), middle, each.rdata])
}

export function question(
  name: string,
  kind: number,
  { unicast = false, class: ofClass = IN }: { unicast?: boolean; class?: number } = {},
): Question {
  return { name, type: kind, class: ofClass, unicast }
}

export function query(questions: Question[], rest: Parts = {}): Buffer {
  return encodeMessage({ questions, ...rest })
}

export function response(answers: Said[], rest: Parts = {}): Buffer {
  return encodeMessage({ qr: 1, aa: 1, answers, ...rest })
}

interface RecordOptions {
  ttl?: number
  flush?: boolean
  class?: number
}

const record = (
  name: string,
  kind: number,
  rdata: Buffer,
  { ttl = 120, flush = false, class: ofClass = IN }: RecordOptions = {},
): Said => ({ name, type: kind, class: ofClass, flush, ttl, rdata })

export const raw = record

export function address(name: string, text: string, options?: RecordOptions): Said {
  return record(name, text.includes(':') ? type.AAAA : type.A, addressBytes(text), options)
}

export function pointer(name: string, target: string, options?: RecordOptions): Said {
  return record(name, type.PTR, encodeName(target), options)
}

export function service(
  name: string,
  { port = 22, priority = 0, weight = 0, target = '' },
  options?: RecordOptions,
): Said {
  const numbers = Buffer.alloc(6)
  for (const [i, value] of [priority, weight, port].entries()) numbers.writeUInt16BE(value, 2 * i)
  return record(name, type.SRV, Buffer.concat([numbers, encodeName(target)]), options)
}

export function text(name: string, strings: string[], options?: RecordOptions): Said {
  const parts = strings.map((each) =>
    Buffer.concat([Buffer.from([each.length]), Buffer.from(each)]),
  )
  return record(name, type.TXT, Buffer.concat(parts), options)
}
