import { setMaxListeners } from 'node:events'

/**
 * When a round is over: nothing new has come for a while, and never before those who were asked have
 * had the time that the standards give them. All times in milliseconds.
 */

/** RFC 6762 section 6: a responder waits up to 120 ms with records that others may answer for as well. */
export const sharedDelayMs = 120
/** Section 7.2: and up to 500 ms after a question whose known answers need several packets. */
export const truncatedDelayMs = 500
/** For the way there and back, and for a machine that has just been woken by the question. */
const travelMs = 60
/** Whoever answered this late shows that others may take as long again; more is not granted. */
const longestPauseMs = 600
/**
 * However much comes: 1,000 machines take a few seconds on a slow computer. Whoever goes on making up
 * something new is not to keep a round from its end.
 */
const longestRoundMs = 15_000

/** How long more may come after news that was waited for so long. */
export function pauseAfter(waitedMs: number): number {
  return Math.min(Math.max(waitedMs, travelMs), longestPauseMs)
}

/** How long this program has waited for events since it started: who is late while it works is late by its fault. */
function waitedSoFarMs(): number {
  return performance.eventLoopUtilization().idle
}

export class Patience {
  /** Aborted when it is enough, or with the parent. */
  readonly signal: AbortSignal
  readonly #controller = new AbortController()
  /** Somebody who is there, and should still answer: until when that is waited for. */
  readonly #expected = new Map<string, number>()
  #until: number
  #waitedBeforeMs = waitedSoFarMs()
  readonly #latest: number
  #timer: NodeJS.Timeout | undefined
  #looking: NodeJS.Immediate | undefined
  readonly #end = () => this.#stop()
  readonly #parent: AbortSignal

  /** With nothing that fits it lasts for `emptyMs`: a slow answer is worth more than an early end. */
  constructor(parent: AbortSignal, emptyMs: number, longestMs = longestRoundMs) {
    this.signal = this.#controller.signal
    this.#parent = parent
    // One for each machine that is waited for.
    setMaxListeners(0, this.signal)
    this.#until = performance.now()
    this.#latest = this.#until + longestMs
    this.expect('', emptyMs)
    parent.addEventListener('abort', this.#end)
    if (parent.aborted) this.#stop()
    else this.#rest()
  }

  /** A question has left to a group at that moment; whoever shares the answer may wait with it, so many milliseconds. */
  asked(delayMs = sharedDelayMs, at = performance.now()): void {
    this.#waitedBeforeMs = waitedSoFarMs()
    this.#until = Math.max(this.#until, at + delayMs + travelMs)
  }

  /** Something new came; `fits` when it is of what is looked for. */
  heard(fits: boolean): void {
    const pauseMs = pauseAfter(waitedSoFarMs() - this.#waitedBeforeMs)
    this.#until = Math.max(this.#until, performance.now() + pauseMs)
    if (fits) this.met('')
  }

  /** Waits for the answer of one machine, as long as it has not come. */
  expect(whose: string, milliseconds: number): void {
    if (!this.signal.aborted) this.#expected.set(whose, performance.now() + milliseconds)
  }

  met(whose: string): void {
    if (!this.#expected.delete(whose) || this.signal.aborted) return
    // Many are met in a turn of the event loop, and each may have been the last.
    this.#looking ??= setImmediate(() => this.#rest())
  }

  #rest(): void {
    this.#clear()
    if (this.signal.aborted) return
    this.#timer = setTimeout(() => {
      // A busy machine fires its timers before it reads its sockets: what has arrived is read first.
      setImmediate(() => (this.#left() > 0 ? this.#rest() : this.#stop()))
    }, this.#left())
  }

  #left(): number {
    let until = this.#until
    for (const each of this.#expected.values()) until = Math.max(until, each)
    return Math.max(0, Math.ceil(Math.min(until, this.#latest) - performance.now()))
  }

  #clear(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#looking)
    this.#looking = undefined
  }

  #stop(): void {
    this.#clear()
    this.#parent.removeEventListener('abort', this.#end)
    this.#controller.abort()
  }
}
