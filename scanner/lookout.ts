/** Not more often: a machine found this much later is no later for people. */
const restMs = 5
/** Looking takes a quarter of the time at most, however much there is to look at. */
const restFactor = 3

/** What a look says: it is enough, only news can make it so, or so many milliseconds can. */
export type Verdict = 'enough' | 'go on' | number

/**
 * Looks at what is known while a round goes on, soon after something new. Enough ends the round, by
 * its signal.
 */
export class Lookout {
  readonly #controller = new AbortController()
  readonly #look: () => Verdict
  readonly #parent: AbortSignal
  readonly #abort = () => this.#controller.abort()
  #atOnce: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  /** When the timer fires. */
  #at = Number.POSITIVE_INFINITY
  #notBefore = 0
  #tookMs = 0

  constructor(parent: AbortSignal, look: () => Verdict) {
    this.#look = look
    this.#parent = parent
    parent.addEventListener('abort', this.#abort)
    if (parent.aborted) this.#abort()
  }

  /** Aborted when it is enough, or with the parent. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The first time at once: whatever else the same news begins takes longer. */
  soon(): void {
    const waitMs = this.#notBefore - performance.now()
    if (waitMs > 0) this.#lookIn(waitMs)
    else this.#atOnce ??= setImmediate(() => this.#lookNow())
  }

  #lookIn(waitMs: number): void {
    const at = performance.now() + waitMs
    if (at >= this.#at) return
    clearTimeout(this.#timer)
    this.#at = at
    this.#timer = setTimeout(() => this.#lookNow(), waitMs)
  }

  end(): void {
    this.#rest()
    this.#parent.removeEventListener('abort', this.#abort)
  }

  #lookNow(): void {
    this.#rest()
    const began = performance.now()
    const found = this.#look()
    const now = performance.now()
    // The first look is slow by what it loads, which none after it does.
    this.#notBefore = now + Math.max(restMs, restFactor * Math.min(this.#tookMs, now - began))
    this.#tookMs = now - began
    if (found === 'enough') this.#abort()
    else if (found !== 'go on') this.#lookIn(Math.max(found, this.#notBefore - now))
  }

  #rest(): void {
    clearImmediate(this.#atOnce)
    clearTimeout(this.#timer)
    this.#atOnce = undefined
    this.#at = Number.POSITIVE_INFINITY
  }
}
