import { type ResourceRecord, recordKey } from '../../common/message.ts'

/** RFC 6762 section 6.4: a reply may wait this much longer for one that is due later. */
const maxExtraMs = 500

/**
 * Answers that wait to go to the group: all that are due within a while of each other go as one
 * message (RFC 6762 section 6.4).
 */
export class ReplyQueue {
  readonly #send: (answers: ResourceRecord[]) => void
  readonly #answers = new Map<string, ResourceRecord>()
  #timer: NodeJS.Timeout | undefined
  /** When they go, and when at the latest, in milliseconds of a steady clock. */
  #at = 0
  #latest = 0

  constructor(send: (answers: ResourceRecord[]) => void) {
    this.#send = send
  }

  add(answers: readonly ResourceRecord[], delayMs: number): void {
    const now = performance.now()
    const due = now + delayMs
    if (this.#answers.size === 0) this.#latest = due + maxExtraMs
    this.#at = Math.min(Math.max(this.#answers.size === 0 ? 0 : this.#at, due), this.#latest)
    for (const record of answers) this.#answers.set(recordKey(record), record)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, this.#at - now))
  }

  /** They have gone already, or another machine has said the same (RFC 6762 section 7.4). */
  withdraw(key: string): ResourceRecord | undefined {
    const record = this.#answers.get(key)
    this.#answers.delete(key)
    return record
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#answers.clear()
  }

  get size(): number {
    return this.#answers.size
  }

  #flush(): void {
    const answers = [...this.#answers.values()]
    this.#answers.clear()
    if (answers.length > 0) this.#send(answers)
  }
}
