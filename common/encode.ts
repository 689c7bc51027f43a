import { toType } from 'dns-packet/types.js'
import { addressBytes } from './address.ts'
import type { Message, Question, ResourceRecord } from './message.ts'

/**
 * DNS messages as bytes (RFC 1035 section 4.1). Ours and not the codec's, which compresses no names
 * (RFC 6762 section 18.14) and cannot say QU (section 5.4).
 */

const IN = 1
/** QU in a question (RFC 6762 section 18.12), cache-flush in a record (section 18.13). */
const topBit = 0x8000
const responseFlag = 0x8000
/** RFC 6762 section 18.4: AA is set in every response. */
const authoritativeFlag = 0x0400
const truncatedFlag = 0x0200

/** Bytes of a message on the wire, without IP and UDP headers. Throws a TypeError on a name that has no wire form. */
export function encodeMessage(message: Partial<Message>): Buffer {
  const { id = 0, response, truncated, questions = [] } = message
  const sections = [message.answers ?? [], message.authorities ?? [], message.additionals ?? []]
  const writer = new Writer()
  const flags = (response ? responseFlag | authoritativeFlag : 0) | (truncated ? truncatedFlag : 0)
  for (const word of [id, flags, questions.length, ...sections.map((each) => each.length)])
    writer.u16(word)
  for (const question of questions) writeQuestion(writer, question)
  // Only a plain DNS client gets its question back (RFC 6762 sections 6 and 6.7), and it may not
  // know compressed names in SRV (RFC 2782).
  const plain = response === true && questions.length > 0
  for (const record of sections.flat()) writeRecord(writer, record, plain)
  return writer.bytes()
}

function writeQuestion(writer: Writer, question: Question): void {
  const { name, type, class: class_ = IN, unicast } = question
  writer.name(name)
  writer.u16(toType(type))
  writer.u16(unicast ? class_ | topBit : class_)
}

function writeRecord(writer: Writer, record: ResourceRecord, plain: boolean): void {
  writer.name(record.name)
  writer.u16(typeNumber(record))
  writer.u16(record.flush ? classNumber(record) | topBit : classNumber(record))
  writer.u32(record.ttl)
  writer.sized(() => writeData(writer, record, plain))
}

function typeNumber(record: ResourceRecord): number {
  return toType(record.type === 'other' ? record.data.type : record.type)
}

function classNumber(record: ResourceRecord): number {
  return record.type === 'other' ? record.data.class : IN
}

function writeData(writer: Writer, record: ResourceRecord, plain: boolean): void {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      writer.append(addressBytes(record.data))
      break
    case 'PTR':
      writer.name(record.data)
      break
    case 'SRV': {
      const { priority, weight, port, target } = record.data
      for (const word of [priority, weight, port]) writer.u16(word)
      writer.name(target, !plain)
      break
    }
    case 'TXT':
      // RFC 6763 section 6.1: a TXT record without strings is one empty string.
      for (const string of record.data.length > 0 ? record.data : [Buffer.alloc(0)])
        writer.string(string)
      break
    case 'NSEC':
      writer.name(record.data.nextDomain)
      writer.append(typeBitmap(record.data.rrtypes))
      break
    case 'other':
      writer.append(record.data.bytes)
  }
}

/** Window block 0 of the types that exist (RFC 4034 section 4.1.2); mDNS has no other (RFC 6762 section 6.1). */
function typeBitmap(types: readonly string[]): Buffer {
  const numbers = types.map(toType).filter((number) => number < 256)
  const bits = Buffer.alloc(Math.floor(Math.max(0, ...numbers) / 8) + 1)
  for (const number of numbers) {
    const at = number >> 3
    bits.writeUInt8(bits.readUInt8(at) | (0x80 >> (number & 7)), at)
  }
  return Buffer.concat([Buffer.from([0, bits.length]), bits])
}

/**
 * Class, type and data as bytes, no name compressed: probes are compared by these, one after the
 * other (RFC 6762 section 8.2).
 */
export function comparedBytes(record: ResourceRecord): Buffer {
  const writer = new Writer(false)
  writer.u16(classNumber(record))
  writer.u16(typeNumber(record))
  writeData(writer, record, true)
  return writer.bytes()
}

/** A pointer to a name is two set bits and an offset of 14 (RFC 1035 section 4.1.4). */
const pointer = 0xc000
const maxOffset = 0x3fff
const maxLabelBytes = 63
const maxNameBytes = 255

class Writer {
  #buffer = Buffer.allocUnsafe(512)
  #length = 0
  readonly #compress: boolean
  /** Where a name, or the end of one, has been written. By its exact letters: case is kept. */
  readonly #names = new Map<string, number>()

  constructor(compress = true) {
    this.#compress = compress
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  u16(value: number): void {
    this.#grow(2)
    this.#length = this.#buffer.writeUInt16BE(value, this.#length)
  }

  u32(value: number): void {
    this.#grow(4)
    this.#length = this.#buffer.writeUInt32BE(value, this.#length)
  }

  append(bytes: Buffer): void {
    this.#grow(bytes.length)
    this.#length += bytes.copy(this.#buffer, this.#length)
  }

  /** A length byte and what it counts: a label, or a string of a TXT record. */
  string(bytes: Buffer): void {
    this.append(Buffer.from([bytes.length]))
    this.append(bytes)
  }

  /** A length of two bytes before what `write` writes. */
  sized(write: () => void): void {
    const at = this.#length
    this.u16(0)
    write()
    this.#buffer.writeUInt16BE(this.#length - at - 2, at)
  }

  name(name: string, compress = true): void {
    if (Buffer.byteLength(name) > maxNameBytes) throw new TypeError(`the name is too long: ${name}`)
    const labels = name.split('.').filter((label) => label !== '')
    for (const [index, label] of labels.entries()) {
      const rest = labels.slice(index).join('.')
      const known = this.#names.get(rest)
      if (this.#compress && compress && known !== undefined) {
        this.u16(pointer | known)
        return
      }
      if (known === undefined && this.#length <= maxOffset) this.#names.set(rest, this.#length)
      const bytes = Buffer.from(label)
      if (bytes.length > maxLabelBytes) throw new TypeError(`a label is too long: ${name}`)
      this.string(bytes)
    }
    this.append(Buffer.alloc(1))
  }

  #grow(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + bytes))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
