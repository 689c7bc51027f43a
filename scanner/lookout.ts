/** Not more often: a terminal shows no more, and a machine found this much later is no later for people. */
const restMs = 20
/** Looking takes a quarter of the time at most, however much there is to look at. */
const restFactor = 3

/**
 * Looks at what is known while a round goes on, soon after something new: `look` says whether it is
 * enough, or may be with time alone. Enough ends the round, by its signal.
 */
export class Lookout {
  readonly #controller = new AbortController()
  readonly #look: () => 'enough' | 'maybe later' | 'go on'
  readonly #parent: AbortSignal
  readonly #abort = () => this.#controller.abort()
  #timer: NodeJS.Timeout | undefined
  #notBefore = 0

  constructor(parent: AbortSignal, look: () => 'enough' | 'maybe later' | 'go on') {
    this.#look = look
    this.#parent = parent
    parent.addEventListener('abort', this.#abort)
    if (parent.aborted) this.#abort()
  }

  /** Aborted when it is enough, or with the parent. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  soon(): void {
    const waitMs = Math.max(0, this.#notBefore - performance.now())
    this.#timer ??= setTimeout(() => this.#lookNow(), waitMs)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#parent.removeEventListener('abort', this.#abort)
  }

  #lookNow(): void {
    this.#timer = undefined
    const began = performance.now()
    const found = this.#look()
    const now = performance.now()
    this.#notBefore = now + Math.max(restMs, restFactor * (now - began))
    if (found === 'enough') this.#abort()
    else if (found === 'maybe later') this.soon()
  }
}
