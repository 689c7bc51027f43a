import { isIPv4 } from '../../common/address.ts'
import { decodeAdvertisement } from '../../common/advertisement.ts'
import { installerSubtype, sshService, staticLinkLocal } from '../../common/contract.ts'
import {
  type Message,
  type Question,
  type ResourceRecord,
  recordKey,
  sameName,
} from '../../common/message.ts'
import { hostLabelOf, isAskedFor, type Sighting } from '../sighting.ts'

/** No record is believed for longer than the RFC lets one live (RFC 6762 section 10). */
const maxTtl = 4500
/** What a cache-flush bit pushes out still counts for a second, in which its owner may defend it (10.2). */
const flushMs = 1000
/** RFC 6762 section 5.2: what is still wanted is asked for again at these shares of its life. */
const refreshShares = [0.8, 0.85, 0.9, 0.95]
/** Bound on what one link can make us remember: 1,000 installers announce 13 records each. */
const maxRecords = 20_000
/** A responder speaks for its own machine; ours has 13 records, avahi some more. */
const maxRecordsInMessage = 256

interface Entry {
  record: ResourceRecord
  /** The address of whoever said it last. */
  from: string
  heardAt: number
  expiresAt: number
  /** How often it has been asked for again. */
  refreshes: number
}

/** What a message changed. */
export interface Change {
  /** Instances of the ssh service, and host names, of which something is known, or no longer is. */
  instances: string[]
  hosts: string[]
  /** Addresses that somebody gave up, and that no name has any more. */
  gone: string[]
}

/** What is derived from the cache, and for how long it holds, in milliseconds. */
export interface Derived {
  sighting: Sighting
  lifetimeMs: number
}

/** The mDNS records of one link (RFC 6762 section 10); times in milliseconds of a steady clock. */
export class RecordCache {
  readonly #entries = new Map<string, Entry>()
  readonly #byName = new Map<string, Set<string>>()

  /** Takes in a response of the host at `from`; undefined when it says nothing of interest here. */
  take(message: Message, now: number, from = ''): Change | undefined {
    const records = [...message.answers, ...message.additionals]
    if (records.length > maxRecordsInMessage) return undefined
    const wanted = records.filter(isWanted)
    if (wanted.length === 0) return undefined
    this.#purge(now)
    const released = new Set<string>()
    for (const record of wanted) {
      if (record.ttl === 0) {
        this.#remove(recordKey(record))
        if (isAddress(record)) released.add(record.data)
      } else this.#put(record, now, from)
    }
    return { ...this.#touched(wanted), gone: this.#unheld(released) }
  }

  /** Those of the addresses that no name has. */
  #unheld(addresses: ReadonlySet<string>): string[] {
    if (addresses.size === 0) return []
    const held = new Set([...this.#entries.values()].flatMap(({ record }) => addressIn(record)))
    return [...addresses].filter((each) => !held.has(each))
  }

  /** Forgets what was said of these addresses: who returns is to be asked, and told nothing known. */
  forget(addresses: readonly string[]): void {
    const names = new Set<string>()
    for (const { record } of this.#entries.values())
      if (isAddress(record) && addresses.includes(record.data) && record.data !== staticLinkLocal)
        names.add(record.name.toLowerCase())
    for (const { record } of [...this.#entries.values()])
      if (record.type === 'SRV' && names.has(record.data.target.toLowerCase()))
        names.add(record.name.toLowerCase())
    for (const [key, { record }] of [...this.#entries]) {
      const points = record.type === 'PTR' && names.has(record.data.toLowerCase())
      if (points || names.has(record.name.toLowerCase())) this.#remove(key)
    }
  }

  /** What is known of a service instance, with all of its host's addresses. */
  service(instance: string, names: readonly string[], now: number): Derived | undefined {
    const server = this.#of(instance, 'SRV', now).at(-1)
    const pointers = this.#pointersTo(instance, now)
    if (server?.record.type !== 'SRV' || pointers.length === 0) return undefined
    const { target, port } = server.record.data
    const hosts = this.#addresses(target, now)
    const name = hostLabelOf(target)
    // While two machines claim the name: the identity of the one is not for the addresses of the other.
    const text = this.#of(instance, 'TXT', now).findLast(isOfSpeaker(hosts))?.record
    const advertisement = text?.type === 'TXT' ? decodeAdvertisement(text.data) : undefined
    const isInstaller = pointers.some(({ record }) => sameName(record.name, installerSubtype))
    const addresses = hosts.flatMap(({ record }) => addressIn(record))
    if (addresses.length === 0) return undefined
    return {
      sighting: {
        ...bare('service', addresses),
        installer: isInstaller || (name !== undefined && isAskedFor(name, { names: [...names] })),
        ...(port > 0 && { port }),
        ...(name && { name }),
        ...(advertisement && { advertisement }),
      },
      lifetimeMs: Math.min(latest(hosts), server.expiresAt, latest(pointers)) - now,
    }
  }

  /** What is known of a host name. */
  host(hostname: string, names: readonly string[], now: number): Derived | undefined {
    const hosts = this.#addresses(hostname, now)
    const name = hostLabelOf(hosts[0]?.record.name ?? '')
    if (name === undefined) return undefined
    const addresses = hosts.flatMap(({ record }) => addressIn(record))
    const asked = isAskedFor(name, { names: [...names] })
    const installer = asked || addresses.includes(staticLinkLocal)
    return {
      sighting: { ...bare('mdns', addresses), name, installer },
      lifetimeMs: latest(hosts) - now,
    }
  }

  /** Known answers to questions: those with at least half of their life before them (RFC 6762 section 7.1). */
  knownAnswers(questions: readonly Question[], now: number): ResourceRecord[] {
    return questions.flatMap(({ name, type }) =>
      this.#of(name, type, now)
        .filter(({ heardAt, expiresAt }) => expiresAt - now > (expiresAt - heardAt) / 2)
        .map(({ record, expiresAt }) => ({
          ...record,
          ttl: Math.floor((expiresAt - now) / 1000),
          flush: false,
        })),
    )
  }

  /** Questions for records that come to the end of their life; to be put now. */
  due(isOfInterest: (record: ResourceRecord) => boolean, now: number): Question[] {
    const due = new Map<string, Question>()
    for (const entry of this.#entries.values()) {
      if (refreshAt(entry) > now || !isOfInterest(entry.record)) continue
      entry.refreshes++
      const { name, type } = entry.record
      due.set(`${type} ${name.toLowerCase()}`, { name, type, internet: true, unicast: false })
    }
    return [...due.values()]
  }

  /** When the next question will be due; Infinity when none will. */
  nextDue(isOfInterest: (record: ResourceRecord) => boolean): number {
    let next = Number.POSITIVE_INFINITY
    for (const entry of this.#entries.values())
      if (isOfInterest(entry.record)) next = Math.min(next, refreshAt(entry))
    return next
  }

  /** The host names that the installers among the services are on, in lower case, and their instances. */
  installerNames(): Set<string> {
    const names = new Set<string>()
    for (const { record } of this.#entries.values())
      if (record.type === 'PTR' && sameName(record.name, installerSubtype))
        names.add(record.data.toLowerCase())
    for (const { record } of this.#entries.values())
      if (record.type === 'SRV' && names.has(record.name.toLowerCase()))
        names.add(record.data.target.toLowerCase())
    return names
  }

  #put(record: ResourceRecord, now: number, from: string): void {
    const key = recordKey(record)
    if (record.flush) this.#flush(record, key, now)
    if (!this.#entries.has(key) && this.#entries.size >= maxRecords) return
    const expiresAt = now + Math.min(record.ttl, maxTtl) * 1000
    this.#entries.set(key, { record, from, heardAt: now, expiresAt, refreshes: 0 })
    const name = record.name.toLowerCase()
    const keys = this.#byName.get(name)
    if (keys) keys.add(key)
    else this.#byName.set(name, new Set([key]))
  }

  /** The set of a unique name is complete: what else was known of it, and not from this second, goes. */
  #flush({ name, type }: ResourceRecord, except: string, now: number): void {
    for (const key of this.#byName.get(name.toLowerCase()) ?? []) {
      const entry = this.#entries.get(key)
      if (!entry || key === except || entry.record.type !== type) continue
      if (now - entry.heardAt > flushMs) entry.expiresAt = Math.min(entry.expiresAt, now + flushMs)
    }
  }

  #remove(key: string): void {
    const name = this.#entries.get(key)?.record.name.toLowerCase() ?? ''
    this.#entries.delete(key)
    const keys = this.#byName.get(name)
    keys?.delete(key)
    if (keys?.size === 0) this.#byName.delete(name)
  }

  #purge(now: number): void {
    for (const [key, { expiresAt }] of [...this.#entries]) if (expiresAt <= now) this.#remove(key)
  }

  #of(name: string, type: string, now: number): Entry[] {
    const keys = [...(this.#byName.get(name.toLowerCase()) ?? [])]
    return keys
      .flatMap((key) => this.#entries.get(key) ?? [])
      .filter(({ record, expiresAt }) => record.type === type && expiresAt > now)
      .sort((a, b) => a.heardAt - b.heardAt)
  }

  /**
   * The addresses of a name. While two machines claim it both have told theirs (RFC 6762 section 9),
   * and they are of one machine only: of who spoke last, by IPv6 and by IPv4.
   */
  #addresses(name: string, now: number): Entry[] {
    const entries = [...this.#of(name, 'AAAA', now), ...this.#of(name, 'A', now)]
    const speakers = [true, false].map((four) => {
      const told = entries.filter(({ from }) => isIPv4(from) === four)
      return told.reduce<Entry | undefined>(
        (last, each) => (last && last.heardAt > each.heardAt ? last : each),
        undefined,
      )?.from
    })
    return entries.filter(({ from }) => speakers.includes(from))
  }

  #pointersTo(instance: string, now: number): Entry[] {
    return [sshService, installerSubtype].flatMap((name) =>
      this.#of(name, 'PTR', now).filter(
        ({ record }) => record.type === 'PTR' && sameName(record.data, instance),
      ),
    )
  }

  #touched(records: readonly ResourceRecord[]): Pick<Change, 'instances' | 'hosts'> {
    const hosts = new Set<string>()
    const instances = new Set<string>()
    for (const record of records) {
      if (isAddress(record)) hosts.add(record.name.toLowerCase())
      else instances.add((record.type === 'PTR' ? record.data : record.name).toLowerCase())
    }
    for (const { record } of this.#entries.values())
      if (record.type === 'SRV' && hosts.has(record.data.target.toLowerCase()))
        instances.add(record.name.toLowerCase())
    return { instances: [...instances], hosts: [...hosts] }
  }
}

/** Whether a record is said by one of those who told the addresses, as far as its family has told any. */
function isOfSpeaker(hosts: readonly Entry[]): (entry: Entry) => boolean {
  return ({ from }) => {
    const told = hosts.filter((each) => isIPv4(each.from) === isIPv4(from))
    return told.length === 0 || told.some((each) => each.from === from)
  }
}

/** Records of hosts, and of ssh services; others are not remembered. */
function isWanted(record: ResourceRecord): boolean {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return hostLabelOf(record.name) !== undefined
    case 'PTR':
      return sameName(record.name, sshService) || sameName(record.name, installerSubtype)
    case 'SRV':
    case 'TXT':
      return record.name.toLowerCase().endsWith(`.${sshService}`)
    default:
      return false
  }
}

function isAddress(
  record: ResourceRecord,
): record is Extract<ResourceRecord, { type: 'A' | 'AAAA' }> {
  return record.type === 'A' || record.type === 'AAAA'
}

function addressIn(record: ResourceRecord): string[] {
  return isAddress(record) ? [record.data] : []
}

function bare(source: 'mdns' | 'service', addresses: string[]) {
  return { source, link: '', at: 0, addresses: [...new Set(addresses)] }
}

function latest(entries: readonly Entry[]): number {
  return Math.max(...entries.map((each) => each.expiresAt))
}

function refreshAt({ heardAt, expiresAt, refreshes }: Entry): number {
  const share = refreshShares[refreshes]
  return share === undefined ? Number.POSITIVE_INFINITY : heardAt + (expiresAt - heardAt) * share
}
