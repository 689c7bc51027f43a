import { staticLinkLocal } from '../../common/contract.ts'
import { isUsable } from '../../common/links.ts'
import { sleep } from '../../common/schedule.ts'
import type { Patience } from './patience.ts'
import type { Querier } from './querier.ts'

/**
 * Where answers to the group's question come in, whoever was seen may send its own until none has
 * come for so long, in milliseconds: before that nobody is asked again by himself.
 */
const ownTimeMs = 60
/** But no longer than that: somebody may talk without end. */
const longestOwnTimeMs = 500
/** After each direct question; nobody shares the answer, so none is delayed (RFC 6762 section 6). */
const waitsMs = [100, 150, 250]
/** Machines asked one by one in a round, against one that pretends to be all of them. */
const maxAsked = 4096
/** Machines asked at once: the answers, a kilobyte each as the kernel counts, fit into a receive buffer of its default size. */
const maxUnderWay = 128

/**
 * The direct questions of a round on one link: each machine that was seen, at the address that it
 * was seen at, unless it answers by itself. An installer is expected to answer, and asked again when
 * it does not: that packet may be lost; any other machine is asked once.
 */
export class DirectQuestions {
  readonly #querier: Promise<Querier | undefined>
  readonly #names: readonly string[]
  readonly #patience: Patience
  readonly #greeted = new Set<string>()
  readonly #installers = new Set<string>()
  readonly #answered: Set<string>
  /** Those who have been asked more than once. */
  readonly #repeated = new Set<string>()
  readonly #waiting: string[] = []
  /** Who is asked now, since when, and what is called when the answer comes. */
  readonly #underWay = new Map<string, { since: number; end: () => void }>()
  #ownTimeEnds: Promise<void> | undefined
  /** Whether an answer came to a repeated question only, or the kernel could not send one. */
  lossy = false
  /** The longest that an answer has taken, there and back, in milliseconds; undefined before the first. */
  slowestMs: number | undefined

  constructor(
    querier: Promise<Querier | undefined>,
    names: readonly string[],
    patience: Patience,
    answered: Set<string>,
  ) {
    this.#querier = querier
    this.#names = names
    this.#patience = patience
    this.#answered = answered
    void querier.then((it) => {
      // The querier outlives the round.
      if (!it || patience.signal.aborted) return
      const stop = it.onAnswer(({ address, door }) => {
        if (it.isDirect(door)) this.#noteTravel(address)
        this.#noteAnswer(address)
      })
      patience.signal.addEventListener('abort', stop)
    })
  }

  /** How many machines were seen. */
  get seen(): number {
    return this.#greeted.size
  }

  /** A machine was seen at this link-local address. */
  greet(address: string, isInstaller: boolean): void {
    if (isInstaller) this.#installers.add(address)
    if (this.#greeted.has(address) || this.#greeted.size >= maxAsked) return
    this.#greeted.add(address)
    void this.#queue(address)
  }

  /** Whether it was in the neighbour table before, or was seen or heard meanwhile. */
  knows(address: string): boolean {
    return this.#greeted.has(address) || this.#answered.has(address)
  }

  async #queue(address: string): Promise<void> {
    const querier = await this.#querier
    if (!querier || querier.link.addresses.some((a) => a.address === address && isUsable(a))) return
    if (this.#answered.has(address)) return
    await querier.caughtUp()
    if (this.#answered.has(address)) return
    if (querier.heard.fromGroup > 0) {
      this.#patience.expect(address, 2 * longestOwnTimeMs)
      await this.#ownTime(querier)
    }
    this.#waiting.push(address)
    if (this.#underWay.size < maxUnderWay) await this.#askWaiting(querier)
  }

  /** Resolves when the answers to the group's question have come to an end. */
  #ownTime(querier: Querier): Promise<void> {
    this.#ownTimeEnds ??= this.#untilQuiet(querier).finally(() => {
      this.#ownTimeEnds = undefined
    })
    return this.#ownTimeEnds
  }

  async #untilQuiet(querier: Querier): Promise<void> {
    const { signal } = this.#patience
    const latest = performance.now() + longestOwnTimeMs
    let heard = -1
    while (heard !== querier.heard.fromGroup && performance.now() < latest && !signal.aborted) {
      heard = querier.heard.fromGroup
      await sleep(ownTimeMs, signal)
      await querier.caughtUp()
    }
  }

  /** Asks whoever waits, one after the other. */
  async #askWaiting(querier: Querier): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (this.#answered.has(next) || this.#patience.signal.aborted) continue
      await this.#ask(querier, next)
      this.#underWay.delete(next)
      this.#patience.met(next)
    }
  }

  async #ask(querier: Querier, address: string): Promise<void> {
    const { signal } = this.#patience
    for (const [times, waitMs] of waitsMs.entries()) {
      if (times > 0 && !this.#installers.has(address)) return
      if (times > 0) this.#repeated.add(address)
      // Longer than the wait: what has arrived by its end is still to be read.
      this.#patience.expect(address, 2 * waitMs)
      // Those who wait are waited for as well.
      if (this.#waiting.length > 0) this.#patience.expect(queue, 2 * waitMs)
      const answered = this.#answerOf(address, waitMs)
      try {
        await querier.askDirectly(address, this.#names)
      } catch {
        // No route, a full neighbour table, or a firewall: the next may come through.
        this.lossy ||= address !== staticLinkLocal
      }
      await answered
      await querier.caughtUp()
      if (signal.aborted || this.#answered.has(address)) return
    }
  }

  /** Resolves when it has answered, or when time is up. */
  #answerOf(address: string, waitMs: number): Promise<void> {
    const controller = new AbortController()
    const { signal } = this.#patience
    const end = () => controller.abort()
    signal.addEventListener('abort', end)
    const since = this.#underWay.get(address)?.since ?? performance.now()
    this.#underWay.set(address, { since, end })
    return sleep(waitMs, controller.signal).finally(() => signal.removeEventListener('abort', end))
  }

  #noteTravel(address: string): void {
    const since = this.#underWay.get(address)?.since
    if (since !== undefined)
      this.slowestMs = Math.max(this.slowestMs ?? 0, performance.now() - since)
  }

  #noteAnswer(address: string): void {
    // Before the round ends by it: whoever looks then is to see it.
    if (this.#repeated.has(address)) this.lossy = true
    this.#answered.add(address)
    this.#underWay.get(address)?.end()
    this.#patience.met(address)
  }
}

/** What stands for all who wait to be asked. */
const queue = 'direct questions'
