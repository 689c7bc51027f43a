/** A DNS message as mDNS uses it (RFC 6762 section 18). */

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
/** A received record of a type or class that is not used here; it still counts as a claim on its name. */
export interface OtherRecord {
  type: 'other'
  data: { type: string; class: number; bytes: Buffer }
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
  /** The class as a number where it is another than IN. */
  class?: number
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

/** DNS names compare without regard to ASCII case (RFC 6762 section 16). */
export function sameName(a: string, b: string): boolean {
  return a === b || (a.length === b.length && a.toLowerCase() === b.toLowerCase())
}

/** Records are never changed, and compared again and again. */
const keys = new WeakMap<ResourceRecord, string>()

/** Name, type and data of a record as one string: equal for the same record, whatever its TTL. */
export function recordKey(record: ResourceRecord): string {
  const known = keys.get(record)
  if (known !== undefined) return known
  const key = `${record.name.toLowerCase()} ${record.type} ${dataKey(record)}`
  keys.set(record, key)
  return key
}

/** Name and type: those of a unique name are one set, which is announced and flushed as a whole (RFC 6762 section 10.2). */
export function setKey({ name, type }: ResourceRecord): string {
  return `${name.toLowerCase()} ${type}`
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
