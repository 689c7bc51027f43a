import * as dnsPacket from 'dns-packet'
import { normalizeAddress } from './address.ts'
import type { Message, OtherRecord, Question, ResourceRecord } from './message.ts'

/** Bytes from the link as DNS messages; door to dns-packet's decoder. */

/** As the codec calls them; others are `UNKNOWN_n`. */
const classes: Record<string, number> = { IN: 1, CS: 2, CH: 3, HS: 4, ANY: 255 }
const topBit = 0x8000
const truncatedFlag = 0x0200
/** Opcode and response code: a message in which one is not 0 is ignored (RFC 6762 sections 18.3, 18.11). */
const foreignFlags = 0x780f

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

/** Whether it says that it is a response (QR in RFC 1035 section 4.1.1); of twelve bytes at least. */
export function isResponse(bytes: Buffer): boolean {
  return (bytes.readUInt8(2) & 0x80) !== 0
}

/** Decodes a datagram; throws a RangeError or Error when it is no DNS message. */
export function decodeMessage(bytes: Buffer): Message {
  return toMessage(decodePacket(bytes))
}

/** The same in the codec's form, unchecked. */
export function decodePacket(bytes: Buffer): dnsPacket.Packet {
  return dnsPacket.decode(bytes)
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
    questions: (packet.questions ?? []).filter(({ name }) => isUtf8(name)).map(toQuestion),
    answers: (packet.answers ?? []).flatMap(toRecord),
    authorities: (packet.authorities ?? []).flatMap(toRecord),
    additionals: (packet.additionals ?? []).flatMap(toRecord),
  }
}

function toQuestion({ name, type, class: class_ }: dnsPacket.Question): Question {
  const bits = classNumber(class_)
  const number = bits & ~topBit
  return {
    name,
    type,
    internet: number === classes.IN || number === classes.ANY,
    ...(number !== classes.IN && { class: number }),
    unicast: (bits & topBit) !== 0,
  }
}

function classNumber(name = 'IN'): number {
  return classes[name] ?? Number(name.split('_')[1] ?? 0)
}

/** Names are UTF-8 (RFC 6762 section 16): what is not could neither be compared nor said again. */
function isUtf8(name: string): boolean {
  return !name.includes('\ufffd')
}

function toRecord(answer: dnsPacket.Answer): ResourceRecord[] {
  if (answer.type === 'OPT' || !isUtf8(answer.name)) return []
  const { name } = answer
  const ttl = ('ttl' in answer && answer.ttl) || 0
  const flush = 'flush' in answer && answer.flush === true
  const class_ = classNumber('class' in answer ? answer.class : 'IN')
  if (class_ !== classes.IN) return [{ name, ttl, flush, ...otherRecord(answer, class_) }]
  switch (answer.type) {
    case 'A':
    case 'AAAA': {
      const data = normalizeAddress(answer.data)
      return data ? [{ name, ttl, flush, type: answer.type, data }] : []
    }
    case 'PTR':
      return isUtf8(answer.data) ? [{ name, ttl, flush, type: 'PTR', data: answer.data }] : []
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = answer.data
      const data = { priority, weight, port, target }
      return isUtf8(target) ? [{ name, ttl, flush, type: 'SRV', data }] : []
    }
    case 'TXT': {
      const data = [answer.data].flat().map((each) => Buffer.from(each))
      return [{ name, ttl, flush, type: 'TXT', data }]
    }
    case 'NSEC': {
      const { nextDomain, rrtypes } = answer.data
      const data = { nextDomain, rrtypes }
      return isUtf8(nextDomain) ? [{ name, ttl, flush, type: 'NSEC', data }] : []
    }
    default:
      return [{ name, ttl, flush, ...otherRecord(answer, class_) }]
  }
}

/** The data of any type, which the codec may have taken apart, as the bytes that probes are compared by. */
function otherRecord({ type, data }: Encodable, class_: number): OtherRecord {
  // Two bytes of length before them.
  const bytes = codec.record(type).encode(data).subarray(2)
  return { type: 'other', data: { type, class: class_, bytes } }
}

/** What the codec's types leave out. */
interface Encodable {
  type: string
  data?: unknown
}
const codec = dnsPacket as unknown as { record(type: string): { encode(data: unknown): Buffer } }
