import { addressText } from './bytes.ts'

/** A strict reader of DNS messages (RFC 1035 section 4), on purpose another one than the product's. */

export const type = {
  A: 1,
  CNAME: 5,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NSEC: 47,
  ANY: 255,
} as const
export const IN = 1

/** A name as it stands in the message. */
export interface WireName {
  /** Labels joined by dots, in the case they came in. */
  text: string
  /** How many labels stand here before a pointer or the root. */
  literal: number
  /** Ends in a compression pointer. */
  compressed: boolean
}

export interface Question {
  name: string
  type: number
  class: number
  /** The top bit of the class: a unicast answer is welcome (RFC 6762 section 5.4). */
  unicast: boolean
}

export interface DnsRecord {
  name: string
  type: number
  class: number
  /** The top bit of the class (RFC 6762 section 10.2). */
  flush: boolean
  ttl: number
  /** With every name in it written out. */
  rdata: Buffer
  /** The name in the rdata of PTR, SRV, CNAME and NSEC. */
  target: WireName | undefined
}

export interface Header {
  id: number
  qr: number
  opcode: number
  aa: number
  tc: number
  rd: number
  ra: number
  z: number
  ad: number
  cd: number
  rcode: number
}

export interface DnsMessage extends Header {
  questions: Question[]
  answers: DnsRecord[]
  authorities: DnsRecord[]
  additionals: DnsRecord[]
  /** Every name, in the order of the bytes. */
  names: WireName[]
  /** Bytes after the last record. */
  trailing: number
}

/** Reads a message; throws an Error that says what is wrong with it. */
export function parseMessage(bytes: Buffer): DnsMessage {
  if (bytes.length < 12) throw new Error(`${bytes.length} bytes are no header`)
  const reader = new Reader(bytes)
  const counts = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at))
  const [questions = 0, answers = 0, authorities = 0, additionals = 0] = counts
  const list = <T>(count: number, read: () => T) => Array.from({ length: count }, read)
  return {
    ...parseHeader(bytes),
    questions: list(questions, () => reader.question()),
    answers: list(answers, () => reader.record()),
    authorities: list(authorities, () => reader.record()),
    additionals: list(additionals, () => reader.record()),
    names: reader.names,
    trailing: bytes.length - reader.at,
  }
}

function parseHeader(bytes: Buffer): Header {
  const flags = bytes.readUInt16BE(2)
  const bit = (shift: number) => (flags >> shift) & 1
  return {
    id: bytes.readUInt16BE(0),
    qr: bit(15),
    opcode: (flags >> 11) & 15,
    aa: bit(10),
    tc: bit(9),
    rd: bit(8),
    ra: bit(7),
    z: bit(6),
    ad: bit(5),
    cd: bit(4),
    rcode: flags & 15,
  }
}

class Reader {
  at = 12
  readonly names: WireName[] = []
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  question(): Question {
    const name = this.#name()
    const [type, rawClass] = [this.#number(2), this.#number(2)]
    return { name: name.text, type, class: rawClass & 0x7fff, unicast: rawClass > 0x7fff }
  }

  record(): DnsRecord {
    const name = this.#name()
    const [kind, rawClass, ttl, length] = [2, 2, 4, 2].map((size) => this.#number(size))
    const end = this.at + (length ?? 0)
    if (end > this.#bytes.length) throw new Error(`rdata of ${name.text} ends after the message`)
    const { rdata, target } = this.#rdata(kind ?? 0, end)
    if (this.at !== end) throw new Error(`rdata of ${name.text} is longer than what is in it`)
    const flush = (rawClass ?? 0) > 0x7fff
    return {
      name: name.text,
      type: kind ?? 0,
      class: (rawClass ?? 0) & 0x7fff,
      flush,
      ttl: ttl ?? 0,
      rdata,
      target,
    }
  }

  #rdata(kind: number, end: number): { rdata: Buffer; target: WireName | undefined } {
    const start = this.at
    if (kind === type.SRV) this.at += 6
    const hasName = [type.PTR, type.CNAME, type.SRV, type.NSEC].some((each) => each === kind)
    if (!hasName) {
      this.at = end
      return { rdata: this.#bytes.subarray(start, end), target: undefined }
    }
    const before = this.#bytes.subarray(start, this.at)
    const target = this.#name()
    const after = kind === type.NSEC ? this.#bytes.subarray(this.at, end) : Buffer.alloc(0)
    if (kind === type.NSEC) this.at = end
    return { rdata: Buffer.concat([before, encodeName(target.text), after]), target }
  }

  #number(size: number): number {
    if (this.at + size > this.#bytes.length) throw new Error('the message ends within a field')
    const value = this.#bytes.readUIntBE(this.at, size)
    this.at += size
    return value
  }

  #name(): WireName {
    const labels: string[] = []
    let literal = 0
    let [at, end, limit] = [this.at, 0, this.at]
    for (;;) {
      const length = this.#bytes[at]
      if (length === undefined) throw new Error('the message ends within a name')
      if (length >= 0xc0) {
        const to = this.#bytes.readUInt16BE(at) & 0x3fff
        if (to >= limit) throw new Error(`a pointer at ${at} does not point back`)
        if (end === 0) end = at + 2
        ;[at, limit] = [to, to]
        continue
      }
      if (length > 63) throw new Error(`label type ${length} at ${at}`)
      if (length === 0) break
      labels.push(this.#bytes.toString('utf8', at + 1, at + 1 + length))
      if (end === 0) literal++
      at += 1 + length
    }
    this.at = end || at + 1
    const name = { text: labels.join('.'), literal, compressed: end !== 0 }
    this.names.push(name)
    return name
  }
}

/** A name written out; an empty text is the root. */
export function encodeName(text: string): Buffer {
  const labels = text === '' ? [] : text.split('.').map((label) => Buffer.from(label))
  const parts = labels.flatMap((label) => [Buffer.from([label.length]), label])
  return Buffer.concat([...parts, Buffer.from([0])])
}

export const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

/** Equal for records with the same name, type, class and data. */
export function keyOf({ name, type, class: ofClass, rdata }: DnsRecord): string {
  return `${name.toLowerCase()} ${type} ${ofClass} ${rdata.toString('hex')}`
}

export function typeName(value: number): string {
  return Object.entries(type).find(([, each]) => each === value)?.[0] ?? `TYPE${value}`
}

/** A record in one line, for people. */
export function recordText(record: DnsRecord): string {
  const data =
    record.target?.text ??
    (record.type === type.A || record.type === type.AAAA
      ? addressText(record.rdata)
      : record.rdata.toString('latin1').replace(/[^ -~]/g, '.'))
  const flush = record.flush ? ' flush' : ''
  return `${record.name} ${record.ttl}${flush} ${typeName(record.type)} ${data}`
}

/** The types that an NSEC record says exist, by RFC 4034 section 4.1.2; windows as they come. */
export function bitmapOf(record: DnsRecord): { windows: number[]; types: number[] } {
  const nextLength = encodeName(record.target?.text ?? '').length
  let rest = record.rdata.subarray(nextLength)
  const windows: number[] = []
  const types: number[] = []
  while (rest.length >= 2) {
    const [window = 0, length = 0] = rest
    windows.push(window)
    for (let bit = 0; bit < length * 8; bit++)
      if (((rest[2 + (bit >> 3)] ?? 0) >> (7 - (bit & 7))) & 1) types.push(window * 256 + bit)
    rest = rest.subarray(2 + length)
  }
  return { windows, types }
}
