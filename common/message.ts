import * as dnsPacket from 'dns-packet'
import { normalizeAddress } from './address.ts'

/** A DNS message as mDNS uses it (RFC 6762 section 18), to and from bytes. */

export interface AddressRecord {
  type: 'A' | 'AAAA'
  data: string
}
export interface PtrRecord {
  type: 'PTR'
  data: string
}
export interface SrvRecord {
  type: 'SRV'
  data: { priority: number; weight: number; port: number; target: string }
}
export interface TxtRecord {
  type: 'TXT'
  data: Buffer[]
}
export interface NsecRecord {
  type: 'NSEC'
  data: { nextDomain: string; rrtypes: string[] }
}
/** A received record of a type that is not used here; it still counts as a claim on its name. */
export interface OtherRecord {
  type: 'other'
  data: { type: string }
}
export type ResourceRecord = {
  name: string
  /** Seconds; 0 is a goodbye (RFC 6762 section 10.1). */
  ttl: number
  /** The cache-flush bit: the set is complete and unique (RFC 6762 section 10.2). */
  flush: boolean
} & (AddressRecord | PtrRecord | SrvRecord | TxtRecord | NsecRecord | OtherRecord)

export interface Question {
  name: string
  /** `A`, `PTR`, `ANY`, ... as IANA names it, or `UNKNOWN_n`. */
  type: string
  /** IN or ANY; questions of other classes are not for mDNS. */
  internet: boolean
  /** The QU bit: a unicast answer is welcome (RFC 6762 section 5.4). */
  unicast: boolean
}

export interface Message {
  id: number
  response: boolean
  /** TC: more known answers follow (RFC 6762 section 7.2). */
  truncated: boolean
  questions: Question[]
  answers: ResourceRecord[]
  authorities: ResourceRecord[]
  additionals: ResourceRecord[]
}

const IN = 1
const ANY = 255
const topBit = 0x8000
const responseFlag = 0x8000
/** RFC 6762 section 18.4: AA is set in every response. */
const authoritativeFlag = 0x0400
const truncatedFlag = 0x0200
/** Opcode and response code: a message in which one is not 0 is ignored (RFC 6762 sections 18.3, 18.11). */
const foreignFlags = 0x780f

/** Bytes of a message on the wire, without IP and UDP headers. */
export function encodeMessage(message: Partial<Message>): Buffer {
  const flags = message.response ? responseFlag | authoritativeFlag : 0
  const bytes = dnsPacket.encode({
    id: message.id ?? 0,
    type: message.response ? 'response' : 'query',
    flags: flags | (message.truncated ? truncatedFlag : 0),
    questions: (message.questions ?? []).map(({ name, type }) => ({
      name,
      type: type as dnsPacket.RecordType,
      class: 'IN' as const,
    })),
    answers: (message.answers ?? []).map(toPacketRecord),
    authorities: (message.authorities ?? []).map(toPacketRecord),
    additionals: (message.additionals ?? []).map(toPacketRecord),
  })
  setQuestionUnicastBits(bytes, message.questions ?? [])
  return bytes
}

/**
 * The codec has no way to say QU, so the bit is set where it lies: questions follow the 12-byte
 * header, each a name (a length before every label, an empty one at the end), type and class.
 */
function setQuestionUnicastBits(bytes: Buffer, questions: readonly Question[]): void {
  let offset = 12
  for (const question of questions) {
    const name = question.name.replace(/^\.|\.$/g, '')
    const classAt = offset + (name === '' ? 1 : Buffer.byteLength(name) + 2) + 2
    if (question.unicast) bytes.writeUInt16BE(IN | topBit, classAt)
    offset = classAt + 2
  }
}

function toPacketRecord(record: ResourceRecord): dnsPacket.Answer {
  return { ...record, class: 'IN' } as dnsPacket.Answer
}

/** RFC 6762 section 17: no mDNS message is longer, not even one that is sent in fragments. */
const maxMessageBytes = 9000
/** A question is at least a root name, type and class; a record has TTL and length besides (RFC 1035 section 4.1). */
const leastQuestionBytes = 5
const leastRecordBytes = 11

/**
 * Whether a datagram may be a message at all, before memory is taken for what its header claims:
 * twelve bytes that promise four times 65,535 records cost the codec two megabytes.
 */
export function isPlausible(bytes: Buffer): boolean {
  if (bytes.length < 12 || bytes.length > maxMessageBytes) return false
  const count = (at: number) => bytes.readUInt16BE(at)
  const records = count(6) + count(8) + count(10)
  return 12 + count(4) * leastQuestionBytes + records * leastRecordBytes <= bytes.length
}

/** Decodes a datagram; throws a RangeError or Error when it is no DNS message. */
export function decodeMessage(bytes: Buffer): Message {
  return toMessage(dnsPacket.decode(bytes))
}

/**
 * From the codec's form, with every field checked that anyone on the link could have left out.
 * Throws a RangeError when the message is another kind of DNS than mDNS.
 */
export function toMessage(packet: dnsPacket.Packet): Message {
  const foreign = (packet.flags ?? 0) & foreignFlags
  if (foreign !== 0)
    throw new RangeError(`expected opcode and response code 0, got flags 0x${foreign.toString(16)}`)
  return {
    id: packet.id ?? 0,
    response: packet.type === 'response',
    truncated: ((packet.flags ?? 0) & truncatedFlag) !== 0,
    questions: (packet.questions ?? []).map(toQuestion),
    answers: (packet.answers ?? []).flatMap(toRecord),
    authorities: (packet.authorities ?? []).flatMap(toRecord),
    additionals: (packet.additionals ?? []).flatMap(toRecord),
  }
}

function toQuestion(question: dnsPacket.Question): Question {
  const text = String(question.class ?? 'IN')
  const number = text === 'IN' ? IN : text === 'ANY' ? ANY : Number(text.split('_')[1] ?? 0)
  const class_ = number & ~topBit
  return {
    name: question.name,
    type: question.type,
    internet: class_ === IN || class_ === ANY,
    unicast: (number & topBit) !== 0,
  }
}

function toRecord(answer: dnsPacket.Answer): ResourceRecord[] {
  if (answer.type === 'OPT') return []
  const common = {
    name: answer.name,
    ttl: ('ttl' in answer && answer.ttl) || 0,
    flush: 'flush' in answer && answer.flush === true,
  }
  switch (answer.type) {
    case 'A':
    case 'AAAA': {
      const data = normalizeAddress(answer.data)
      return data ? [{ ...common, type: answer.type, data }] : []
    }
    case 'PTR':
      return [{ ...common, type: 'PTR', data: answer.data }]
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = answer.data
      return [{ ...common, type: 'SRV', data: { priority, weight, port, target } }]
    }
    case 'TXT':
      return [
        { ...common, type: 'TXT', data: [answer.data].flat().map((each) => Buffer.from(each)) },
      ]
    case 'NSEC': {
      const { nextDomain, rrtypes } = answer.data
      return [{ ...common, type: 'NSEC', data: { nextDomain, rrtypes } }]
    }
    default:
      return [{ ...common, type: 'other', data: { type: answer.type } }]
  }
}

/** DNS names compare without regard to ASCII case (RFC 6762 section 16). */
export function sameName(a: string, b: string): boolean {
  return a.length === b.length && a.toLowerCase() === b.toLowerCase()
}

/**
 * Spreads answers over as many messages as needed for each to stay within `maxBytes` (RFC 6762
 * section 17: within the link's MTU); additional records go into the last as far as they fit.
 * A single record that is too large travels alone.
 */
export function packAnswers(message: Partial<Message>, maxBytes: number): Partial<Message>[] {
  const { answers = [], additionals = [], ...rest } = message
  const head = encodeMessage(rest).length
  const messages: Partial<Message>[] = []
  let room = 0
  for (const answer of answers) {
    const size = recordBytes(answer)
    if (messages.length === 0 || size > room) {
      messages.push({ ...rest, answers: [] })
      room = maxBytes - head
    }
    messages.at(-1)?.answers?.push(answer)
    room -= size
  }
  const last = messages.at(-1)
  if (last === undefined) return [message]
  last.additionals = additionals.filter((each) => {
    const size = recordBytes(each)
    if (size > room) return false
    room -= size
    return true
  })
  return messages
}

function recordBytes(record: ResourceRecord): number {
  return encodeMessage({ answers: [record] }).length - 12
}

/** Name, type and data of a record as one string: equal for the same record, whatever its TTL. */
export function recordKey(record: ResourceRecord): string {
  return `${record.name.toLowerCase()} ${record.type} ${dataKey(record)}`
}

function dataKey(record: ResourceRecord): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return record.data
    case 'TXT':
      return record.data.map((string) => string.toString('latin1')).join('\0')
    default:
      return JSON.stringify(record.data).toLowerCase()
  }
}

/** Class, type and data as bytes, in the order in which probes are compared (RFC 6762 section 8.2). */
export function rdataBytes(record: ResourceRecord): Buffer {
  if (record.type === 'other') return Buffer.alloc(0)
  const bytes = encodeMessage({ answers: [{ ...record, name: '.', ttl: 0, flush: false }] })
  // Header 12, root name 1; then type 2, class 2, TTL 4, length 2, data.
  return Buffer.concat([bytes.subarray(15, 17), bytes.subarray(13, 15), bytes.subarray(23)])
}
