import { setMaxListeners } from 'node:events'
import { explain } from '../../common/failure.ts'
import { type Link, ownIPv4, ownLinkLocal } from '../../common/links.ts'
import type { SourceName } from '../sighting.ts'
import { Ear } from './ear.ts'
import { type Input, scanKey } from './evidence.ts'
import type { NeighbourChange } from './link-changes.ts'
import { echoLifetimeMs, Pulse } from './pulse.ts'
import { Rounds } from './rounds.ts'

export interface LinkMeans {
  names: readonly string[]
  sources: readonly SourceName[]
  /** The cards that are shown on the link now: the addresses of each. */
  cards(link: string): string[][]
  learn(input: Input): void
  roundEnded(): void
  warn(sentence: string): void
  now(): number
  random(): number
}

/** One link under watch: who listens there, who asks, and who feels the pulse of those found. */
export class WatchedLink {
  /** Rounds that have ended. */
  rounds = 0
  readonly #link: Link
  readonly #means: LinkMeans
  readonly #stop = new AbortController()
  #ended: Promise<void> = Promise.resolve()
  readonly #ear: Ear
  readonly #rounds: Rounds
  readonly #pulse: Pulse

  constructor(link: Link, lent: LinkMeans) {
    this.#link = link
    // What is still on its way when the link is gone tells nothing of who is there.
    const learn = (input: Input) => this.#stop.signal.aborted || lent.learn(input)
    const means = { ...lent, learn }
    this.#means = means
    // As many wait for it as machines are asked at once.
    setMaxListeners(0, this.#stop.signal)
    this.#ear = new Ear(link, means)
    this.#pulse = new Pulse(link, {
      ...means,
      cards: () => means.cards(link.name),
      forget: (addresses) => this.#ear.forget(addresses),
    })
    this.#rounds = new Rounds(link, {
      ...means,
      answered: (address) => this.#pulse.answered(address),
      hears: () => this.#ear.hears,
      ended: (rounds) => {
        this.rounds = rounds
        means.roundEnded()
      },
    })
  }

  start(): void {
    const { signal } = this.#stop
    const { sources } = this.#means
    const running = [this.#rounds.run(signal), this.#pulse.run(signal)]
    if (sources.includes('mdns') || sources.includes('service')) running.push(this.#ear.run(signal))
    this.#ended = Promise.allSettled(running).then((outcomes) => {
      for (const outcome of outcomes)
        if (outcome.status === 'rejected' && !signal.aborted)
          this.#means.warn(`${this.#link.name}: ${explain(outcome.reason)}`)
    })
  }

  /** Resolves when nobody listens or asks there any more. */
  stop(): Promise<void> {
    this.#stop.abort()
    return this.#ended
  }

  /** Asks everything anew, and again soon: this machine has slept. */
  restart(): void {
    this.#ear.restart()
    this.#rounds.restart()
  }

  /** What the kernel has noticed of a neighbour. */
  notice({ address, state, mac }: NeighbourChange): void {
    const own = this.#link.addresses.some((each) => each.address === address)
    if (own || !this.#means.sources.includes('neighbour')) return
    if (state === 'failed') return void this.#pulse.suspect(address, this.#stop.signal)
    if (!mac) return
    const sighting = {
      source: 'neighbour' as const,
      link: this.#link.name,
      at: Date.now(),
      addresses: [address],
      mac,
    }
    this.#means.learn({
      kind: 'heard',
      key: scanKey(sighting),
      sighting,
      lifetimeMs: echoLifetimeMs,
    })
  }

  /** Whether it is the same for asking: its sockets are bound to its addresses. */
  isSame(link: Link): boolean {
    return askingKey(link) === askingKey(this.#link)
  }
}

function askingKey(link: Link): string {
  return JSON.stringify([link.index, link.name, link.mac, ownLinkLocal(link), ownIPv4(link)])
}
