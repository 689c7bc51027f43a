/** Turns callbacks into an async iterable: `push` from the one side, `for await` on the other. */
export class Channel<T> {
  #items: T[] = []
  #ended = false
  #wake: () => void = () => {}

  push(item: T): void {
    if (this.#ended) return
    this.#items.push(item)
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  /** Gives what was pushed, in order, until `end`. For one reader. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const items = this.#items
        this.#items = []
        yield* items
        if (this.#items.length > 0) continue
        if (this.#ended) return
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      // A reader who has left will not be back for more.
      this.#ended = true
      this.#items = []
    }
  }
}
