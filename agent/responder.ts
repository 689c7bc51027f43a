import { isIPv4, isLinkLocal6 } from '../common/address.ts'
import { mdnsPort } from '../common/contract.ts'
import { errorMessage } from '../common/failure.ts'
import { isOnLink, isUsable, type Link, ownIPv4, ownLinkLocal } from '../common/links.ts'
import type { Log } from '../common/log.ts'
import {
  type Arrival,
  type Destination,
  type Door,
  openGroup,
  openUnicast,
} from '../common/mdns.ts'
import { type Message, packAnswers, type ResourceRecord, recordKey } from '../common/message.ts'
import { sleep, spread } from '../common/schedule.ts'
import { announceDelaysMs, announcement, goodbye, withdrawn } from './announce.ts'
import { answer, type Reply } from './answer.ts'
import {
  conflicts,
  losesTie,
  manyConflicts,
  manyConflictsDelayMs,
  probeDelays,
  probeMessage,
  tieDeferralMs,
} from './probe.ts'
import { type HeldNames, linkRecords, namesAfter, type Service } from './records.ts'

/** IPv6 and UDP headers; IPv4's are smaller. */
const headerBytes = 48

/** What a responder needs to know that is not of its link. */
export interface Surroundings {
  /** Whether an address is one of this machine's own: what is heard from it is no conflict. */
  isOwn(address: string): boolean
  log: Log
  /** 0 <= x < 1, for the random delays of RFC 6762. */
  random(): number
}

/**
 * Speaks for one link: claims its names by probing, announces them, answers, says goodbye.
 * What is said is decided by the pure files beside this one; here are the sockets and the clock.
 */
export class Responder {
  state: 'silent' | 'probing' | 'held' = 'silent'
  #link: Link
  readonly #service: Service
  readonly #surroundings: Surroundings
  #records: ResourceRecord[] = []
  /** How many names were found taken since the responder began. */
  #conflicts = 0
  /** Group sockets by `group <family>`, unicast sockets by their address. */
  readonly #doors = new Map<string, Door>()
  /** When a record last went to the group, by family and record, in milliseconds of a steady clock. */
  readonly #multicastAt = new Map<string, number>()
  readonly #stop = new AbortController()
  /** Ends the present round of probes: a conflict or a lost tie. */
  #round = new AbortController()
  /** Announcements under way; a newer set replaces them. */
  #announcing = new AbortController()

  constructor(link: Link, service: Service, surroundings: Surroundings) {
    this.#link = link
    this.#service = service
    this.#surroundings = surroundings
  }

  get names(): HeldNames {
    return namesAfter(this.#conflicts, this.#service.identity.host, this.#link.mac ?? '')
  }

  /**
   * Takes over the link as it is now; what changed is announced at once. Throws a Failure when a
   * socket could not be opened; the others work all the same, and the next update tries again.
   */
  async update(link: Link): Promise<void> {
    this.#link = link
    const failures = await this.#refreshDoors()
    const before = this.#records
    this.#records = linkRecords(link, this.names, this.#service)
    if (this.#groups().length === 0) this.#fallSilent()
    else if (this.state === 'silent') void this.#claim()
    else if (this.state === 'held') void this.#announceChange(before)
    if (failures.length > 0) throw failures[0]
  }

  /** Says goodbye, if the link still carries it, and closes the sockets. */
  async close(): Promise<void> {
    if (this.state === 'held') await this.#multicast(goodbye(this.#records))
    this.#fallSilent()
    this.#stop.abort()
    for (const door of this.#doors.values()) door.close()
    this.#doors.clear()
  }

  #fallSilent(): void {
    this.state = 'silent'
    this.#round.abort('silent')
    this.#announcing.abort()
  }

  /** Opens the sockets that the link's addresses ask for, and closes those that they no longer do. */
  async #refreshDoors(): Promise<unknown[]> {
    const wanted = wantedDoors(this.#link)
    for (const [key, door] of this.#doors)
      if (!wanted.has(key)) {
        door.close()
        this.#doors.delete(key)
      }
    const failures: unknown[] = []
    for (const [key, open] of wanted) {
      if (this.#doors.has(key)) continue
      try {
        const door = await open()
        this.#doors.set(key, door)
        door.onMessage((arrival) => this.#receive(door, arrival))
      } catch (error) {
        failures.push(error)
      }
    }
    return failures
  }

  #groups(): Door[] {
    return [...this.#doors.values()].filter((door) => door.local === undefined)
  }

  /** Probes until a set of names is free, then announces it (RFC 6762 section 8). */
  async #claim(): Promise<void> {
    this.state = 'probing'
    const { signal } = this.#stop
    for (;;) {
      this.#round = new AbortController()
      const round = this.#round.signal
      await this.#probe(AbortSignal.any([signal, round]))
      if (signal.aborted || round.reason === 'silent') return
      if (!round.aborted) break
      if (round.reason === 'tie') await sleep(tieDeferralMs, signal)
      else await this.#takeNextNames(signal)
    }
    this.state = 'held'
    this.#surroundings.log.info({ link: this.#link.name, names: this.names }, 'names are ours')
    await this.#announce()
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const [first = 0, ...rest] = probeDelays(this.#surroundings.random)
    await sleep(first, signal)
    for (const delay of rest) {
      if (signal.aborted) return
      await this.#multicast(probeMessage(this.#records))
      await sleep(delay, signal)
    }
  }

  async #takeNextNames(signal: AbortSignal): Promise<void> {
    const lost = this.names.host
    this.#conflicts++
    this.#records = linkRecords(this.#link, this.names, this.#service)
    this.#surroundings.log.warn(
      { link: this.#link.name, lost, next: this.names.host },
      'name is taken',
    )
    if (this.#conflicts >= manyConflicts) await sleep(manyConflictsDelayMs, signal)
  }

  async #announceChange(before: readonly ResourceRecord[]): Promise<void> {
    const gone = withdrawn(before, this.#records)
    const fresh = withdrawn(this.#records, before)
    if (gone.length > 0) await this.#multicast(goodbye(gone))
    if (gone.length > 0 || fresh.length > 0) await this.#announce()
  }

  async #announce(): Promise<void> {
    this.#announcing.abort()
    this.#announcing = new AbortController()
    const { signal } = this.#announcing
    for (const delay of announceDelaysMs) {
      if (delay > 0) await sleep(delay, signal)
      if (signal.aborted) return
      await this.#multicast(announcement(this.#records))
    }
  }

  #receive(door: Door, { message, address, port }: Arrival): void {
    const fromSelf = this.#surroundings.isOwn(address)
    if (!fromSelf && !this.#isHeardHere(door, address)) return
    if (message.response) {
      if (!fromSelf && port === mdnsPort) this.#hearResponse(message)
    } else if (this.state === 'held') {
      this.#hearQuery(door, message, { address, port })
    } else if (this.state === 'probing' && !fromSelf && losesTie(this.#records, message)) {
      this.#round.abort('tie')
    }
  }

  /** IPv4 group sockets hear every link; only a source on this one is for us (RFC 6762 section 11). */
  #isHeardHere(door: Door, address: string): boolean {
    return door.local !== undefined || door.family === 'IPv6' || isOnLink(this.#link, address)
  }

  #hearResponse(message: Message): void {
    if (this.state === 'silent') return
    if (!conflicts(this.#records, message, this.state === 'probing')) return
    if (this.state === 'probing') this.#round.abort('conflict')
    else {
      // RFC 6762 section 9: back to probing; whoever holds the name rightly will defend it.
      this.#surroundings.log.warn(
        { link: this.#link.name, names: this.names },
        'another machine has our name',
      )
      this.#announcing.abort()
      void this.#claim()
    }
  }

  #hearQuery(door: Door, query: Message, from: Destination): void {
    const asker = { legacy: from.port !== mdnsPort, direct: door.local !== undefined }
    const since = (record: ResourceRecord) => this.#secondsSinceMulticast(door.family, record)
    for (const reply of answer(this.#records, query, asker, since))
      void this.#sendReply(door, reply, from)
  }

  async #sendReply(door: Door, { to, delay, message }: Reply, from: Destination): Promise<void> {
    // RFC 6762 section 6: 20-120 ms for records that others may answer for as well.
    if (delay === 'shared')
      await sleep(spread(20, 120, this.#surroundings.random), this.#stop.signal)
    if (this.state !== 'held') return
    if (to === 'sender') return this.#send(door, message, from)
    const group = this.#groups().find((each) => each.family === door.family)
    if (group) await this.#send(group, message)
  }

  async #multicast(message: Partial<Message>): Promise<void> {
    await Promise.all(this.#groups().map((door) => this.#send(door, message)))
  }

  /** A message that the kernel refuses is a note: the next kernel event sets things right. */
  async #send(door: Door, message: Partial<Message>, to?: Destination): Promise<void> {
    const parts = message.answers ? packAnswers(message, this.#link.mtu - headerBytes) : [message]
    try {
      for (const part of parts) await door.send(part, to)
    } catch (error) {
      this.#surroundings.log.debug(
        { link: door.interface, error: errorMessage(error) },
        'could not send',
      )
      return
    }
    if (to || !message.response) return
    for (const record of [...(message.answers ?? []), ...(message.additionals ?? [])])
      this.#multicastAt.set(`${door.family} ${recordKey(record)}`, performance.now())
  }

  #secondsSinceMulticast(family: Door['family'], record: ResourceRecord): number {
    const at = this.#multicastAt.get(`${family} ${recordKey(record)}`)
    return at === undefined ? Number.POSITIVE_INFINITY : (performance.now() - at) / 1000
  }
}

/**
 * The sockets for a link: one in the group per family that can be spoken, and one on each usable
 * address, so that a direct question is answered from the very address it was sent to.
 */
function wantedDoors(link: Link): Map<string, () => Promise<Door>> {
  const doors = new Map<string, () => Promise<Door>>()
  const linkLocal = isSettled(link) ? ownLinkLocal(link) : undefined
  const ipv4 = ownIPv4(link)
  if (linkLocal) doors.set('group IPv6', () => openGroup(link.name, 'IPv6'))
  if (ipv4) doors.set(`group IPv4 ${ipv4}`, () => openGroup(link.name, 'IPv4', ipv4))
  for (const { address } of link.addresses.filter(isUsable))
    if (linkLocal || isIPv4(address) || !isLinkLocal6(address))
      doors.set(address, () => openUnicast(link.name, address, mdnsPort))
  return doors
}

/** Not while the address that the kernel should speak from is still in DAD: it would take the static one. */
function isSettled(link: Link): boolean {
  const linkLocals = link.addresses.filter((each) => isLinkLocal6(each.address))
  const preferred = linkLocals.filter((each) => !each.deprecated && !each.dadFailed)
  return preferred.length === 0 || preferred.some(isUsable)
}
