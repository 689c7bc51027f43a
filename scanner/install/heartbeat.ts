/** Says something when nothing else was heard for a time, again and again. */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout | undefined
  #heard = performance.now()

  /** `everyMs` of Infinity is never; `say` is told for how long it was silent, in seconds. */
  constructor(everyMs: number, say: (silentSeconds: number) => void) {
    if (everyMs === Number.POSITIVE_INFINITY) return
    this.#timer = setInterval(() => say((performance.now() - this.#heard) / 1000), everyMs)
  }

  /** Something was heard: the time begins anew. */
  beat(): void {
    this.#heard = performance.now()
    this.#timer?.refresh()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
