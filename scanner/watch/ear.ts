import { installerSubtype, mdnsPort } from '../../common/contract.ts'
import { isOnLink, type Link, ownIPv4, ownLinkLocal } from '../../common/links.ts'
import { type Arrival, type Door, openGroup } from '../../common/mdns.ts'
import type { Message, Question, ResourceRecord } from '../../common/message.ts'
import { packQuery } from '../../common/pack.ts'
import { sleep, spread } from '../../common/schedule.ts'
import { firstName, onLink, type SourceName } from '../sighting.ts'
import { mdnsWarning } from '../sources/gone.ts'
import { hostQuestions, serviceQuestions } from '../sources/questions.ts'
import { RecordCache } from './cache.ts'
import type { Input } from './evidence.ts'
import { growingIntervals } from './intervals.ts'

export interface EarMeans {
  /** Host names without `.local` that are asked for. */
  names: readonly string[]
  sources: readonly SourceName[]
  learn(input: Input): void
  warn(sentence: string): void
  /** Milliseconds of a steady clock. */
  now(): number
  /** 0 <= x < 1, for the random delays of RFC 6762. */
  random(): number
}

/** RFC 6762 section 5.2: the first two questions are a second apart, and no two need be more than an hour. */
const firstIntervalMs = 1000
const longestIntervalMs = 3_600_000
/** How often to look which records come to their end: the shortest life in use is 120 s, of which 96 s pass first. */
const lookMs = 30_000
/** Within which a machine that took its service back may announce it under another name (RFC 6762 sections 8.1, 9). */
const renameMs = 3000
/** IPv6's least MTU without the headers of IP and UDP: known answers fit on every link. */
const maxQuestionBytes = 1280 - 48
/** Known answers for 1,000 installers; more of them would cost more than the answers that they spare. */
const maxQuestionPackets = 32
/** Share of each second that messages may take: a flood of them must not starve the rest. */
const busyMsPerSecond = 400

/**
 * A full mDNS querier on one link (RFC 6762 section 5.2): hears what is announced, keeps it for as
 * long as its TTL says, asks at growing intervals with the answers that it knows, and again when
 * one comes to the end of its life. It never asks for what has just been heard.
 */
export class Ear {
  /** Whether anybody's multicast answers get through to us; behind a firewall none do. */
  hears = false
  readonly #link: Link
  readonly #means: EarMeans
  readonly #cache = new RecordCache()
  #doors: Door[] = []
  #intervals = growingIntervals(firstIntervalMs, longestIntervalMs)
  #nextQuestionAt = 0
  #askedAt = Number.NEGATIVE_INFINITY
  #wake = new AbortController()
  #budget = { second: 0, spentMs: 0 }

  constructor(link: Link, means: EarMeans) {
    this.#link = link
    this.#means = means
  }

  /** Listens and asks until the signal is aborted; what cannot be opened is a warning. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#open()
    if (signal.aborted || this.#doors.length === 0) return this.#close()
    // RFC 6762 section 5.2: 20-120 ms, lest all who wait for one event ask at once.
    this.#nextQuestionAt = this.#means.now() + spread(20, 120, this.#means.random)
    const wake = () => this.#wake.abort()
    signal.addEventListener('abort', wake)
    while (!signal.aborted) {
      const next = Math.min(this.#nextQuestionAt, this.#cache.nextDue(this.#interest()))
      const wait = Math.min(Math.max(0, next - this.#means.now()), lookMs)
      this.#wake = new AbortController()
      await sleep(wait, this.#wake.signal)
      if (!signal.aborted && this.#means.now() >= next) await this.#ask()
    }
    signal.removeEventListener('abort', wake)
    this.#close()
  }

  /** Asks again from the start of the intervals, but no sooner than a second after the last question. */
  restart(): void {
    const now = this.#means.now()
    this.#intervals = growingIntervals(firstIntervalMs, longestIntervalMs)
    const soonest = Math.max(now, this.#askedAt + firstIntervalMs)
    // Whoever gives reason after reason to ask is not to put the question off for ever.
    this.#nextQuestionAt = Math.min(
      this.#nextQuestionAt,
      soonest + spread(20, 120, this.#means.random),
    )
    this.#wake.abort()
  }

  /** Addresses that no longer answer: nothing said of them is a known answer (RFC 6762 section 10.5). */
  forget(addresses: readonly string[]): void {
    this.#cache.forget(addresses)
  }

  async #open(): Promise<void> {
    const ipv4 = ownIPv4(this.#link)
    const opening = await Promise.allSettled([
      ...(ownLinkLocal(this.#link) ? [openGroup(this.#link.name, 'IPv6')] : []),
      ...(ipv4 ? [openGroup(this.#link.name, 'IPv4', ipv4)] : []),
    ])
    for (const opened of opening) {
      if (opened.status === 'rejected') this.#means.warn(mdnsWarning(this.#link, opened.reason))
      else this.#doors.push(opened.value)
    }
    for (const door of this.#doors) door.onMessage((arrival) => this.#hear(door, arrival))
  }

  #close(): void {
    for (const door of this.#doors) door.close()
    this.#doors = []
  }

  #hear(door: Door, { message, address, port }: Arrival): void {
    // RFC 6762 sections 6 and 11: an answer comes from port 5353, and from the link.
    if (!message.response || port !== mdnsPort) return
    if (door.family === 'IPv4' && !isOnLink(this.#link, address)) return
    if (this.#link.addresses.some((each) => each.address === address)) return
    this.hears = true
    const began = this.#means.now()
    if (!this.#mayWork(began)) return
    this.#take(message, address, began)
    this.#budget.spentMs += this.#means.now() - began
  }

  #mayWork(now: number): boolean {
    const second = Math.floor(now / 1000)
    if (this.#budget.second !== second) this.#budget = { second, spentMs: 0 }
    return this.#budget.spentMs < busyMsPerSecond
  }

  #take(message: Message, from: string, now: number): void {
    const { names, learn, sources } = this.#means
    const link = this.#link.name
    const change = this.#cache.take(message, now, from)
    if (change === undefined) return
    if (change.gone.length > 0) {
      learn({ kind: 'farewell', link, from, addresses: change.gone })
      // Whoever said it in another's name is put right by the other's answer (RFC 6762 section 10.1).
      this.restart()
    }
    if (sources.includes('service'))
      for (const instance of change.instances)
        this.#pass(`service ${instance}`, this.#cache.service(instance, names, now))
    if (sources.includes('mdns'))
      for (const host of change.hosts)
        if (!this.#isAlias(host, now))
          this.#pass(`mdns ${host}`, this.#cache.host(host, names, now))
  }

  #pass(about: string, derived: ReturnType<RecordCache['service']>): void {
    const { learn } = this.#means
    const key = `heard on ${this.#link.name} ${about}`
    const sighting =
      derived && onLink({ ...derived.sighting, link: this.#link.name, at: Date.now() }, this.#link)
    if (sighting && derived) learn({ kind: 'heard', key, sighting, lifetimeMs: derived.lifetimeMs })
    else learn({ kind: 'withdrawn', key, graceMs: renameMs })
  }

  /** `nixos-1ae4b7` beside `nixos` is our agent's second name for one machine, not a machine. */
  #isAlias(host: string, now: number): boolean {
    const first = firstName(host)
    return first !== host && this.#cache.host(first, [], now) !== undefined
  }

  /** What is kept alive by asking: installers, and the hosts that were asked for. */
  #interest(): (record: ResourceRecord) => boolean {
    const installers = this.#cache.installerNames()
    const asked = this.#means.names.map((name) => `${name.toLowerCase()}.local`)
    return ({ name, type }) => {
      const lower = name.toLowerCase()
      return type === 'PTR'
        ? lower === installerSubtype
        : installers.has(lower) || asked.includes(lower)
    }
  }

  async #ask(): Promise<void> {
    const now = this.#means.now()
    const isRound = now >= this.#nextQuestionAt
    if (isRound) {
      this.#nextQuestionAt = now + this.#intervals.next().value
      this.#askedAt = now
    }
    const due = this.#cache.due(this.#interest(), now)
    const questions = isRound ? [...this.#standing(), ...due] : due
    if (questions.length === 0) return
    const known = isRound ? this.#cache.knownAnswers(this.#standing(), now) : []
    // A link that has gone is told of by the kernel's events.
    for (const door of this.#doors)
      for (const message of questionMessages(questions, known))
        await door.send(message).catch(() => {})
  }

  #standing(): Question[] {
    const { sources, names } = this.#means
    return [
      ...(sources.includes('service') ? serviceQuestions() : []),
      ...(sources.includes('mdns') ? hostQuestions(names) : []),
    ]
  }
}

/**
 * Questions, and the answers that are known, in as many packets as it takes: all but the last say
 * that more follow (RFC 6762 section 7.2).
 */
export function questionMessages(
  questions: readonly Question[],
  known: readonly ResourceRecord[],
): Partial<Message>[] {
  const packets = packQuery(questions, known, maxQuestionBytes).slice(0, maxQuestionPackets)
  return packets.map((packet, index) => ({ ...packet, truncated: index < packets.length - 1 }))
}
