/** One timer for all who ask to be woken: it rings at the earliest of the times, once. */
export class Alarm {
  readonly #ring: () => void
  #timer: NodeJS.Timeout | undefined
  #at = Number.POSITIVE_INFINITY

  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** Rings in `milliseconds` at the latest. */
  set(milliseconds: number): void {
    const at = performance.now() + milliseconds
    if (at >= this.#at) return
    this.clear()
    this.#at = at
    this.#timer = setTimeout(() => {
      this.clear()
      this.#ring()
    }, milliseconds).unref()
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#at = Number.POSITIVE_INFINITY
  }
}
