import { mdnsPort } from '../../common/contract.ts'
import { errorMessage } from '../../common/failure.ts'
import { isFromLink, isOnLink, type Link, type LinkAddress, ownIPv4 } from '../../common/links.ts'
import type { Log } from '../../common/log.ts'
import type { Arrival, Door } from '../../common/mdns.ts'
import { type Message, type ResourceRecord, recordKey } from '../../common/message.ts'
import { sleep, spread } from '../../common/schedule.ts'
import type { ResponderStatus } from '../console/status.ts'
import { goodbye, withdrawn } from './announce.ts'
import { Announcer } from './announcer.ts'
import { isProbe } from './answer.ts'
import { Answerer, sharedDelayMs } from './answerer.ts'
import { Claims, claimedNames, spokenRecords } from './claims.ts'
import { LinkDoors } from './doors.ts'
import { type LinkNames, manyConflictsDelayMs } from './names.ts'
import { conflictingNames, lostTies, probeDelays, probeMessage, tieDeferralMs } from './probe.ts'
import { announcedAddresses, linkRecords } from './records.ts'
import type { Surroundings } from './surroundings.ts'
import { Voice } from './voice.ts'

export type Family = Door['family']
export const families: Family[] = ['IPv4', 'IPv6']

/**
 * Speaks for one link in one address family: claims the link's names by probing, announces them,
 * answers, says goodbye. What is said is decided by the pure files beside this one; here are the
 * sockets and the clock.
 */
export class Responder {
  readonly family: Family
  #heard = 0
  #refused = 0
  readonly #names: LinkNames
  readonly #surroundings: Surroundings
  #link: Link
  readonly #doors: LinkDoors
  readonly #voice: Voice
  readonly #announcer: Announcer
  readonly #answerer: Answerer
  /** What is true, and of it what may be given out: that of names that are held. */
  #records: ResourceRecord[] = []
  #spoken: ResourceRecord[] = []
  /** What the probes propose: also what is about to be true. */
  #proposed: ResourceRecord[] = []
  /** Another machine is about to take the host name: the next names are claimed already. */
  #fallingBack = false
  #claims = new Claims()
  /** Ends all that is under way when the link can no longer be spoken on. */
  #speaking = new AbortController()

  constructor(link: Link, family: Family, names: LinkNames, surroundings: Surroundings) {
    this.#link = link
    this.family = family
    this.#names = names
    this.#surroundings = surroundings
    this.#doors = new LinkDoors(family, (door, arrival) => this.#receive(door, arrival))
    this.#voice = new Voice(surroundings.log)
    const isHeld = (name: string) => this.#claims.isHeld(name)
    this.#announcer = new Announcer({ records: () => this.#spoken, isHeld }, this.#voice)
    this.#answerer = new Answerer(() => this.#spoken, this.#voice, surroundings.random)
    names.onChange(() => this.#takeOver())
  }

  /**
   * Takes over the link as it is now; what changed is announced at once. Throws a Failure when a
   * socket could not be opened; the others work all the same, and the next update tries again.
   */
  async update(link: Link): Promise<void> {
    this.#link = link
    const others = this.#surroundings.otherLinks(link).flatMap((each) => ownIPv4(each) ?? [])
    const failures = await this.#doors.refresh(link, others)
    this.#voice.group = this.#doors.group
    this.#voice.mtu = link.mtu
    if (this.#doors.group) this.#takeOver()
    else this.fallSilent()
    if (failures.length > 0) throw failures[0]
  }

  /** Nothing is claimed any more, and nothing said: the next update begins anew. */
  fallSilent(): void {
    this.#speaking.abort()
    this.#speaking = new AbortController()
    this.#claims = new Claims()
    this.#records = []
    this.#proposed = []
    this.#fallingBack = false
    this.#spoken = []
    this.#announcer.clear()
    this.#answerer.clear()
    this.#surroundings.changed()
  }

  /** Says goodbye, if the link still carries it, and closes the sockets. */
  async close(): Promise<void> {
    const answers = goodbye(this.#spoken)
    this.fallSilent()
    if (answers.length > 0) await this.#voice.multicast({ response: true, answers })
    this.#voice.group = undefined
    this.#doors.close()
  }

  /** What it knows of itself, for people and scripts. */
  status(): ResponderStatus {
    const malformed = this.#doors.malformed + this.#refused
    const { answered } = this.#answerer
    const packets = { received: this.#heard, malformed, answered, sent: this.#voice.sent }
    return { family: this.family, names: [...this.#claims], packets }
  }

  /** The link's records are what they are now: new names are probed for, changed records announced. */
  #takeOver(): void {
    if (!this.#doors.group) return
    const { service } = this.#surroundings
    const { held, fallback } = this.#names
    this.#records = linkRecords(this.#link, held, service)
    const soon = withoutDetection(this.#link)
    const names = this.#fallingBack ? [held, fallback] : [held]
    this.#proposed = names.flatMap((each) => linkRecords(soon, each, service))
    const fresh = this.#claims.wish(claimedNames(this.#proposed))
    if (fresh.length > 0) void this.#claim(fresh)
    this.#speak()
  }

  /** Who loses a tie for the host name will most likely need the next one. */
  #fallBack(likely: boolean): void {
    if (this.#fallingBack === likely) return
    this.#fallingBack = likely
    this.#takeOver()
  }

  /** Gives out what may be given out by now, and takes back what is no longer true. */
  #speak(): void {
    const before = this.#spoken
    this.#spoken = spokenRecords(this.#records, (name) => this.#claims.isHeld(name))
    // A name that is probed for again falls silent only: what was said of it may still be true.
    const gone = withdrawn(before, this.#records)
    this.#announcer.tell(withdrawn(this.#spoken, before), gone, () => this.#sayAnnounced())
    this.#surroundings.changed()
  }

  /** Probes for names, until they are ours or no longer wished for (RFC 6762 section 8.1). */
  async #claim(names: readonly string[], again = false): Promise<void> {
    const signal = this.#speaking.signal
    const throttled = this.#names.isThrottled(performance.now())
    const round = { patient: again || throttled }
    this.#claims.begin(names, round)
    const [first = 0, ...rest] = probeDelays(this.#surroundings.random)
    await sleep(throttled ? manyConflictsDelayMs : first, signal)
    round.patient = false
    for (const delay of rest) {
      const asked = this.#claims.inRound(round)
      if (asked.length === 0 || signal.aborted) return
      await this.#voice.multicast(probeMessage(this.#proposed, asked))
      await sleep(delay, signal)
    }
    const held = this.#claims.inRound(round)
    if (held.length === 0 || signal.aborted) return
    this.#claims.hold(held)
    this.#log('info', { names: held }, 'names are ours')
    if (this.#claims.isHeld(`${this.#names.held.host}.local`)) this.#fallBack(false)
    this.#speak()
  }

  /** Who loses a tie waits, and then probes for what is still wished for (RFC 6762 section 8.2). */
  async #defer(lost: readonly string[]): Promise<void> {
    const signal = this.#speaking.signal
    this.#claims.defer(lost)
    await sleep(tieDeferralMs, signal)
    if (!signal.aborted) await this.#claim(lost)
  }

  #sayAnnounced(): void {
    const { staticAddress } = this.#surroundings.service
    this.#log('info', { addresses: announcedAddresses(this.#link, staticAddress) }, 'announced')
  }

  /** Whatever is wrong with a message costs a count, and nothing else. */
  #receive(door: Door, arrival: Arrival): void {
    this.#hear(door, arrival).catch((error: unknown) => {
      this.#refused++
      this.#log('debug', { error: errorMessage(error) }, 'could not make sense of a message')
    })
  }

  async #hear(door: Door, { message, address, port, asked }: Arrival): Promise<void> {
    const fromSelf = this.#surroundings.isOwn(address)
    if (!fromSelf && !this.#isHeardHere(door, address)) return
    if (!fromSelf) this.#heard++
    if (!message.response) await this.#hearQuery(door, message, { address, port, asked }, fromSelf)
    else if (!fromSelf && port === mdnsPort) this.#hearResponse(message)
  }

  /**
   * What a group's socket hears was sent on this link, where it is not another of our links that the
   * sender is on. An own address can be asked from anywhere: only a sender on this link is for us
   * (RFC 6762 sections 5.5 and 11).
   */
  #isHeardHere(door: Door, address: string): boolean {
    if (isFromLink(this.#link, address)) return true
    return door === this.#doors.group && !this.#isElsewhere(address)
  }

  #isElsewhere(address: string): boolean {
    return this.#surroundings.otherLinks(this.#link).some((each) => isOnLink(each, address))
  }

  #hearResponse(message: Message): void {
    this.#hearGoodbyes(message)
    const isHeld = (name: string) => this.#claims.isHeld(name)
    const names = conflictingNames(this.#proposed, message, isHeld)
    const inTheWay = names.filter((name) => !this.#claims.isPatient(name))
    if (inTheWay.length > 0) this.#conflict(inTheWay)
    this.#hearOwnRecords(message)
  }

  /** RFC 6762 sections 8.1 and 9: a name that was only probed for is lost, a held one probed for again. */
  #conflict(names: readonly string[]): void {
    this.#log('warn', { names }, 'another machine has our name')
    this.#names.noteConflict(performance.now())
    const held = names.filter((name) => this.#claims.isHeld(name))
    // Whoever holds the name rightly will defend it.
    if (held.length > 0) void this.#claim(held, true)
    this.#speak()
    const lost = names.filter((name) => !held.includes(name)).map(firstLabel)
    for (const label of new Set(lost)) this.#names.lose(label)
  }

  #hearGoodbyes({ answers }: Message): void {
    const { staticAddress } = this.#surroundings.service
    const freed = (record: ResourceRecord) =>
      record.ttl === 0 && record.type === 'AAAA' && record.data === staticAddress
    if (answers.some(freed)) this.#surroundings.staticAddressFreed()
  }

  /**
   * Another machine says what we say as well. With our life it spares us saying it (RFC 6762 section
   * 7.4); with less than half of it, others would forget it too soon (section 6.6).
   */
  #hearOwnRecords({ answers }: Message): void {
    const ours = new Map(this.#spoken.map((record) => [recordKey(record), record]))
    const shortened: ResourceRecord[] = []
    for (const theirs of answers) {
      const own = ours.get(recordKey(theirs))
      if (own && theirs.ttl >= own.ttl) {
        this.#answerer.heardElsewhere(own)
        this.#announcer.heardElsewhere(own)
      } else if (own && theirs.ttl < own.ttl / 2) shortened.push(own)
    }
    this.#announcer.rescue(shortened, spread(...sharedDelayMs, this.#surroundings.random))
  }

  async #hearQuery(
    door: Door,
    query: Message,
    from: Pick<Arrival, 'address' | 'port' | 'asked'>,
    fromSelf: boolean,
  ): Promise<void> {
    if (!fromSelf) this.#hearProbe(query)
    if (this.#spoken.length === 0) return
    const direct = door !== this.#doors.group
    const reachable = fromSelf || (await this.#isReachable(from.address))
    this.#answerer.hear(query, { door, from, asked: from.asked, direct, reachable })
  }

  /** Two probe at once. Who loses the host name leaves its services as well: they bear the same name. */
  #hearProbe(query: Message): void {
    if (!isProbe(query)) return
    const probing = this.#proposed.filter((record) => this.#claims.isInRound(record.name))
    const lost = probing.length > 0 ? lostTies(probing, query) : []
    const labels = lost.filter(isHostName).map(firstLabel)
    const along = claimedNames(probing).filter((name) => labels.includes(firstLabel(name)))
    if (lost.length > 0) void this.#defer([...new Set([...lost, ...along])])
    if (labels.length > 0) this.#fallBack(true)
  }

  /**
   * Whether a unicast answer gets to the asker, and by this link: with one IPv4 prefix on two links
   * the kernel has one of them for all.
   */
  async #isReachable(address: string): Promise<boolean> {
    if (!isFromLink(this.#link, address)) return false
    if (this.family === 'IPv6' || !this.#isElsewhere(address)) return true
    return (await this.#surroundings.route(address)) === this.#link.name
  }

  #log(level: keyof Log, facts: object, sentence: string): void {
    const place = { link: this.#link.name, family: this.family }
    this.#surroundings.log[level]({ ...place, ...facts }, sentence)
  }
}

/** The link as it will be when duplicate address detection has found nobody. */
function withoutDetection(link: Link): Link {
  const settle = (each: LinkAddress) => (each.dadFailed ? each : { ...each, tentative: false })
  return { ...link, addresses: link.addresses.map(settle) }
}

function firstLabel(name: string): string {
  return name.split('.', 1)[0] ?? ''
}

function isHostName(name: string): boolean {
  return name.split('.').length === 2
}
