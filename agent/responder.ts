import { mdnsPort } from '../common/contract.ts'
import { errorMessage } from '../common/failure.ts'
import { isFromLink, type Link } from '../common/links.ts'
import type { Log } from '../common/log.ts'
import type { Arrival, Destination, Door } from '../common/mdns.ts'
import { type Message, packAnswers, type ResourceRecord, recordKey } from '../common/message.ts'
import { sleep, spread } from '../common/schedule.ts'
import { announceDelaysMs, announcement, goodbye, withdrawn } from './announce.ts'
import { answer, type Reply } from './answer.ts'
import { LinkDoors } from './doors.ts'
import type { LinkNames } from './names.ts'
import {
  conflicts,
  losesTie,
  manyConflicts,
  manyConflictsDelayMs,
  probeDelays,
  probeMessage,
  tieDeferralMs,
} from './probe.ts'
import { announcedAddresses, linkRecords, type Service } from './records.ts'
import type { ResponderStatus } from './status.ts'

export type Family = Door['family']
export const families: Family[] = ['IPv4', 'IPv6']

/** IP and UDP headers. */
const headerBytes = { IPv4: 28, IPv6: 48 }

/** What a responder needs to know that is not of its link. */
export interface Surroundings {
  service: Service
  /** Whether an address is one of this machine's own: what is heard from it is no conflict. */
  isOwn(address: string): boolean
  log: Log
  /** 0 <= x < 1, for the random delays of RFC 6762. */
  random(): number
  /** What `status()` tells is something else now. */
  changed(): void
}

/**
 * Speaks for one link in one address family: claims the link's names by probing, announces them,
 * answers, says goodbye. What is said is decided by the pure files beside this one; here are the
 * sockets and the clock.
 */
export class Responder {
  #state: ResponderStatus['state'] = 'silent'
  readonly #packets = { received: 0, answered: 0, sent: 0 }
  readonly #family: Family
  readonly #names: LinkNames
  readonly #surroundings: Surroundings
  #link: Link
  #records: ResourceRecord[] = []
  readonly #doors: LinkDoors
  /** When a record last went to the group, in milliseconds of a steady clock. */
  readonly #multicastAt = new Map<string, number>()
  /** Ends claiming and announcing. */
  #current = new AbortController()
  /** Ends the present round of probes: a conflict or a lost tie. */
  #round = new AbortController()

  constructor(link: Link, family: Family, names: LinkNames, surroundings: Surroundings) {
    this.#link = link
    this.#family = family
    this.#names = names
    this.#surroundings = surroundings
    this.#doors = new LinkDoors(family, (door, arrival) => this.#receive(door, arrival))
    names.onChange(() => this.#takeOverNames())
  }

  /**
   * Takes over the link as it is now; what changed is announced at once. Throws a Failure when a
   * socket could not be opened; the others work all the same, and the next update tries again.
   */
  async update(link: Link): Promise<void> {
    this.#link = link
    const failures = await this.#doors.refresh(link)
    const before = this.#records
    this.#records = this.#makeRecords()
    if (!this.#doors.group) this.#fallSilent()
    else if (this.state === 'silent') void this.#claim()
    else if (this.state === 'held') void this.#announceChange(before)
    if (failures.length > 0) throw failures[0]
  }

  /** Says goodbye, if the link still carries it, and closes the sockets. */
  async close(): Promise<void> {
    if (this.state === 'held') await this.#multicast(goodbye(this.#records))
    this.#fallSilent()
    this.#doors.close()
  }

  status(): ResponderStatus {
    const packets = { ...this.#packets, malformed: this.#doors.malformed }
    return { family: this.#family, state: this.#state, packets }
  }

  get state(): ResponderStatus['state'] {
    return this.#state
  }

  set state(state: ResponderStatus['state']) {
    this.#state = state
    this.#surroundings.changed()
  }

  #makeRecords(): ResourceRecord[] {
    return linkRecords(this.#link, this.#names.held, this.#surroundings.service)
  }

  #fallSilent(): void {
    this.state = 'silent'
    this.#round.abort()
    this.#begin()
  }

  /** Probes until a set of names is free, then announces it (RFC 6762 section 8). */
  async #claim(): Promise<void> {
    this.#round.abort()
    const signal = this.#begin()
    this.state = 'probing'
    while (await this.#isContested(signal)) if (signal.aborted) return
    this.state = 'held'
    this.#log('info', { names: this.#names.held }, 'names are ours')
    await this.#announce(signal)
  }

  /** One round of probes; true when it was broken off, after the wait that is due then. */
  async #isContested(signal: AbortSignal): Promise<boolean> {
    this.#round = new AbortController()
    const round = this.#round.signal
    const [first = 0, ...rest] = probeDelays(this.#surroundings.random)
    await sleep(first, round)
    for (const delay of rest) {
      if (round.aborted) break
      await this.#multicast(probeMessage(this.#records))
      await sleep(delay, round)
    }
    if (!round.aborted || signal.aborted) return signal.aborted
    const many = this.#names.conflicts >= manyConflicts
    if (round.reason === 'tie') await sleep(tieDeferralMs, signal)
    else if (many) await sleep(manyConflictsDelayMs, signal)
    return true
  }

  /** The link's names are others now, whichever family lost them: what was held is given up. */
  #takeOverNames(): void {
    const before = this.#records
    this.#records = this.#makeRecords()
    // Names come and go as often as somebody claims them; what is noted of them goes with them.
    for (const record of withdrawn(before, this.#records))
      this.#multicastAt.delete(recordKey(record))
    if (this.state === 'probing') this.#round.abort('conflict')
    if (this.state !== 'held') return
    void this.#multicast(goodbye(withdrawn(before, this.#records)))
    void this.#claim()
  }

  async #announceChange(before: readonly ResourceRecord[]): Promise<void> {
    const gone = withdrawn(before, this.#records)
    const isNew = withdrawn(this.#records, before).length > 0
    if (gone.length === 0 && !isNew) return
    const signal = this.#begin()
    for (const record of gone) this.#multicastAt.delete(recordKey(record))
    if (gone.length > 0) await this.#multicast(goodbye(gone))
    await this.#announce(signal)
  }

  /** What was under way is over. */
  #begin(): AbortSignal {
    this.#current.abort()
    this.#current = new AbortController()
    return this.#current.signal
  }

  async #announce(signal: AbortSignal): Promise<void> {
    const { staticAddress } = this.#surroundings.service
    const addresses = announcedAddresses(this.#link, staticAddress)
    this.#log('info', { addresses }, 'announced')
    for (const delay of announceDelaysMs) {
      if (delay > 0) await sleep(delay, signal)
      if (signal.aborted) return
      await this.#multicast(announcement(this.#records))
    }
  }

  #receive(door: Door, { message, address, port }: Arrival): void {
    const fromSelf = this.#surroundings.isOwn(address)
    if (!fromSelf && !this.#isHeardHere(door, address)) return
    if (!fromSelf) this.#packets.received++
    if (message.response) {
      if (!fromSelf && port === mdnsPort) this.#hearResponse(message)
    } else if (this.state === 'held') {
      this.#hearQuery(door, message, { address, port })
    } else if (this.state === 'probing' && !fromSelf && losesTie(this.#records, message)) {
      this.#round.abort('tie')
    }
  }

  /**
   * What an IPv6 group socket hears was sent on this link. IPv4 group sockets hear every link, and
   * an own address can be asked from anywhere: only a source on this link is for us.
   */
  #isHeardHere(door: Door, address: string): boolean {
    return (
      (door === this.#doors.group && this.#family === 'IPv6') || isFromLink(this.#link, address)
    )
  }

  #hearResponse(message: Message): void {
    if (this.state === 'silent') return
    // A round that is over has lost its names already: one conflict a round, however many packets say so.
    if (this.state === 'probing' && this.#round.signal.aborted) return
    if (!conflicts(this.#records, message, this.state === 'probing')) return
    this.#log('warn', { names: this.#names.held }, 'another machine has our name')
    if (this.state === 'probing') this.#names.lose(this.#names.held.host)
    // RFC 6762 section 9: back to probing; whoever holds the name rightly will defend it.
    else void this.#claim()
  }

  #hearQuery(door: Door, query: Message, from: Destination): void {
    const asker = { legacy: from.port !== mdnsPort, direct: door !== this.#doors.group }
    const since = (record: ResourceRecord) => this.#secondsSinceMulticast(record)
    for (const reply of answer(this.#records, query, asker, since)) {
      // On its way counts as sent: a burst of questions within the delay gets one answer.
      if (reply.to === 'group') this.#noteMulticast(reply.message)
      void this.#sendReply(door, reply, from)
    }
  }

  async #sendReply(door: Door, { to, delay, message }: Reply, from: Destination): Promise<void> {
    // RFC 6762 section 6: 20-120 ms for records that others may answer for as well.
    if (delay === 'shared') await sleep(spread(20, 120, this.#surroundings.random))
    if (this.state !== 'held') return
    this.#packets.answered++
    if (to === 'sender') await this.#send(door, message, from)
    else await this.#multicast(message)
  }

  async #multicast(message: Partial<Message>): Promise<void> {
    if (this.#doors.group && (await this.#send(this.#doors.group, message)) && message.response)
      this.#noteMulticast(message)
  }

  #noteMulticast(message: Partial<Message>): void {
    for (const record of [...(message.answers ?? []), ...(message.additionals ?? [])])
      this.#multicastAt.set(recordKey(record), performance.now())
  }

  /** A message that the kernel refuses is a note: the next kernel event sets things right. */
  async #send(door: Door, message: Partial<Message>, to?: Destination): Promise<boolean> {
    try {
      for (const part of packAnswers(message, this.#link.mtu - headerBytes[this.#family])) {
        await door.send(part, to)
        this.#packets.sent++
      }
      return true
    } catch (error) {
      this.#log('debug', { error: errorMessage(error) }, 'could not send')
      return false
    }
  }

  #secondsSinceMulticast(record: ResourceRecord): number {
    const at = this.#multicastAt.get(recordKey(record))
    return at === undefined ? Number.POSITIVE_INFINITY : (performance.now() - at) / 1000
  }

  #log(level: keyof Log, facts: object, sentence: string): void {
    const place = { link: this.#link.name, family: this.#family }
    this.#surroundings.log[level]({ ...place, ...facts }, sentence)
  }
}
