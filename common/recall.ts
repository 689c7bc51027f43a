/**
 * Remembers what was worked out for a key, for so many keys: whoever comes with ever new ones has
 * everything worked out anew, and no memory of ours.
 */
export class Recall<Value> {
  readonly #values = new Map<string, Value>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  /** What `make` gave for the key, now or earlier. */
  get(key: string, make: () => Value): Value {
    const known = this.#values.get(key)
    if (known !== undefined) return known
    const made = make()
    if (this.#values.size >= this.#max) this.#values.clear()
    this.#values.set(key, made)
    return made
  }
}
