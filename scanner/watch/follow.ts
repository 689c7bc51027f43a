import { splitZone } from '../../common/address.ts'
import { explain, Failure } from '../../common/failure.ts'
import { deadline, sleep } from '../../common/schedule.ts'
import { askedNames, wanted } from '../choose.ts'
import { hasOwnAddress, type Machine } from '../machine.ts'
import { place } from '../macs.ts'
import { merge } from '../merge.ts'
import { searchedLinks } from '../operator-links.ts'
import type { SearchOptions } from '../search.ts'
import { compare, type MachineEvent } from './events.ts'
import {
  certainPlaces,
  forget,
  type Input,
  type Knowledge,
  learn,
  nextExpiry,
  nothingKnown,
} from './evidence.ts'
import { followKernel, type NeighbourChange } from './link-changes.ts'
import { steadyClock } from './steady-clock.ts'
import { Visits } from './visits.ts'
import { WatchedLink } from './watched-link.ts'

/** `timeoutMs` may be Infinity. */
export interface FollowOptions extends SearchOptions {
  /** The longest time between two visits to a machine whose ssh server does not answer, in milliseconds. */
  sshRetryMs: number
}

/** How things stand, and what has happened since the last time. */
export interface Situation {
  events: MachineEvent[]
  /** Those that fit, by name. */
  machines: Machine[]
  /** Of these, those that nothing confirms any more: they leave soon, or show themselves again. */
  fading: ReadonlySet<Machine>
  /** Of these, those whose ssh server has not been visited yet. */
  pending: ReadonlySet<Machine>
  /** The links that are searched now. */
  links: string[]
  /** Rounds that have ended on all of them; 0 without links. */
  rounds: number
}

/** Lifetimes are looked at this often; nothing is sent by it. */
const tickMs = 1000
/** What comes in one burst is told at once: the first answers to a question arrive within this time. */
const settleMs = 40
/** A plug that wiggles, or a network card that starts anew, is no farewell. */
const carrierGraceMs = 3000
/** The kernel solicits three times, a second apart, before it gives up (RFC 4861 section 10). */
const vagueMs = 3000
/** Whoever is still there after a sleep has answered by then. */
const wakeGraceMs = 10_000

/**
 * Follows the machines that fit on all links, for as long as it is read, time is not up and the
 * signal is not aborted: gives how things stand whenever that may have changed. Links, machines and what is
 * known of them come and go. Sends little: see Ear, Rounds and Pulse. A warning is said once.
 */
export async function* follow(
  options: FollowOptions,
  warn: (sentence: string) => void,
  signal: AbortSignal,
): AsyncGenerator<Situation> {
  const timeUp = deadline(options.timeoutMs, signal)
  const session = new Session(options, once(warn))
  timeUp.signal.addEventListener('abort', () => void session.end())
  try {
    if (!timeUp.signal.aborted) yield* session.run()
  } finally {
    timeUp.clear()
    await session.end()
  }
}

function once(warn: (sentence: string) => void): (sentence: string) => void {
  const said = new Set<string>()
  return (sentence) => {
    if (!said.has(sentence)) warn(sentence)
    said.add(sentence)
  }
}

class Session {
  readonly #options: FollowOptions
  readonly #warn: (sentence: string) => void
  readonly #stop = new AbortController()
  readonly #look = steadyClock(tickMs)
  readonly #links = new Map<string, WatchedLink>()
  readonly #visits: Visits
  #kernel: Promise<void> = Promise.resolve()
  #knowledge: Knowledge = nothingKnown
  #inputs: Input[] = []
  #machines: Machine[] = []
  #dirty = false
  /** Somebody is known of whom too little is known to be shown. */
  #isHolding = false
  #wake: () => void = () => {}
  /** Looks at the links come one after another, and one that is asked for meanwhile is enough. */
  #refreshing: 'no' | 'yes' | 'again' = 'no'

  constructor(options: FollowOptions, warn: (sentence: string) => void) {
    this.#options = options
    this.#warn = warn
    this.#visits = new Visits((input) => this.#take(input), options.sshRetryMs, this.#stop.signal)
  }

  async *run(): AsyncGenerator<Situation> {
    const { signal } = this.#stop
    const ticker = setInterval(() => this.#tick(), tickMs)
    try {
      await this.#refreshLinks()
      this.#kernel = followKernel(
        {
          changed: () => void this.#refreshLinks(),
          neighbour: (change) => this.#notice(change),
        },
        this.#warn,
        signal,
      )
      let pauseMs = settleMs
      while (await this.#somethingNew()) {
        await sleep(pauseMs, signal)
        if (signal.aborted) return
        const began = performance.now()
        const situation = this.#settle()
        // To merge thousands of sightings takes a while; it is not to be all that is done.
        pauseMs = Math.max(settleMs, 2 * (performance.now() - began))
        yield situation
      }
    } finally {
      clearInterval(ticker)
    }
  }

  /** Resolves when nothing of it runs any more. */
  async end(): Promise<void> {
    this.#stop.abort()
    this.#visits.end()
    this.#wake()
    await Promise.all([this.#kernel, ...[...this.#links.values()].map((link) => link.stop())])
  }

  async #somethingNew(): Promise<boolean> {
    while (!this.#dirty && !this.#stop.signal.aborted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    this.#dirty = false
    return !this.#stop.signal.aborted
  }

  #touch(): void {
    this.#dirty = true
    this.#wake()
  }

  #take(input: Input): void {
    this.#inputs.push(input)
    // A reader who is slow to come back is not to cost memory.
    if (this.#inputs.length >= 1000) this.#absorb()
    this.#touch()
  }

  #tick(): void {
    const now = this.#absorb()
    if (this.#isHolding || nextExpiry(this.#knowledge) <= now) this.#touch()
  }

  /** Takes in what was learned, after a look at the clocks: what the sleep of this machine outlived is doubted, not lost. */
  #absorb(): number {
    const { now, setByMs, woken } = this.#look()
    const first: Input[] = []
    if (setByMs !== 0) first.push({ kind: 'clock-set', byMs: setByMs })
    if (woken) first.push({ kind: 'shaken', graceMs: wakeGraceMs })
    if (first.length + this.#inputs.length > 0)
      this.#knowledge = learn(this.#knowledge, [...first, ...this.#inputs], now)
    this.#inputs = []
    if (!woken) return now
    for (const link of this.#links.values()) link.restart()
    void this.#refreshLinks()
    this.#touch()
    return now
  }

  #settle(): Situation {
    const now = this.#absorb()
    this.#knowledge = forget(this.#knowledge, now)
    const sightings = [...this.#knowledge.evidence.values()].map((each) => each.sighting)
    const fit = wanted(merge(sightings), this.#options)
    if (this.#options.sources.includes('ssh')) this.#visits.update(fit)
    const known = new Set(this.#machines.map((each) => each.id))
    const certainEnough = fit.filter((each) => known.has(each.id) || !isVague(each, Date.now()))
    this.#isHolding = certainEnough.length < fit.length
    const { events, machines } = compare(this.#machines, certainEnough)
    this.#machines = machines
    const certain = certainPlaces(this.#knowledge)
    const isPending = (machine: Machine) =>
      this.#options.sources.includes('ssh') && this.#visits.isPending(machine)
    const links = [...this.#links]
    return {
      events,
      machines,
      fading: new Set(machines.filter((each) => !placesOf(each).some((at) => certain.has(at)))),
      pending: new Set(machines.filter(isPending)),
      links: links.map(([name]) => name),
      rounds: links.length > 0 ? Math.min(...links.map(([, { rounds }]) => rounds)) : 0,
    }
  }

  /** Watches the links that are there now, and no others. */
  async #refreshLinks(): Promise<void> {
    if (this.#refreshing !== 'no') {
      this.#refreshing = 'again'
      return
    }
    do {
      this.#refreshing = 'yes'
      await this.#lookAtLinks()
    } while ((this.#refreshing as string) === 'again')
    this.#refreshing = 'no'
  }

  async #lookAtLinks(): Promise<void> {
    const present = await this.#presentLinks()
    if (present === undefined || this.#stop.signal.aborted) return
    const now = new Map(present.map((link) => [link.name, link]))
    for (const [name, watched] of this.#links) {
      const link = now.get(name)
      if (link && watched.isSame(link)) continue
      void watched.stop()
      this.#links.delete(name)
      if (!link) this.#take({ kind: 'shaken', link: name, graceMs: carrierGraceMs })
    }
    for (const link of present) {
      if (this.#links.has(link.name)) continue
      const watched = new WatchedLink(link, {
        ...this.#options,
        names: askedNames(this.#options.name),
        cards: (name) => this.#cardsOn(name),
        learn: (input) => this.#take(input),
        roundEnded: () => this.#touch(),
        warn: this.#warn,
        now: () => performance.now(),
        random: Math.random,
      })
      this.#links.set(link.name, watched)
      // Whoever was known on it has as long to show itself again as it had before.
      this.#take({ kind: 'shaken', link: link.name, graceMs: carrierGraceMs })
      watched.start()
    }
    this.#touch()
  }

  /** Undefined when they could not be read: then they are as they were. */
  async #presentLinks(): Promise<Awaited<ReturnType<typeof searchedLinks>> | undefined> {
    try {
      return await searchedLinks(this.#options.interfaces, this.#warn)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      this.#warn(explain(error))
      return undefined
    }
  }

  #cardsOn(link: string): string[][] {
    return this.#machines.flatMap(({ links }) =>
      links
        .filter((each) => each.interface === link)
        .map((each) => each.addresses.map(({ address }) => splitZone(address).address)),
    )
  }

  #notice(change: NeighbourChange): void {
    this.#links.get(change.link)?.notice(change)
  }
}

/** Whether nothing is known of it but the static address, and not for long. */
function isVague(machine: Machine, now: number): boolean {
  return !hasOwnAddress(machine) && now - Date.parse(machine.firstSeen) < vagueMs
}

function placesOf({ links }: Machine): string[] {
  return links.flatMap((link) =>
    link.addresses.map(({ address }) => place(link.interface, splitZone(address).address)),
  )
}
