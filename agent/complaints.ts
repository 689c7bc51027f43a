import { errorMessage, Failure } from '../common/failure.ts'
import type { Log } from '../common/log.ts'

/** What is wrong with a link now: said when it begins, not at each look, and again after it was over. */
export class Complaints {
  readonly #log: Log
  #before = new Set<string>()
  #now = new Set<string>()

  constructor(log: Log) {
    this.#log = log
  }

  /** The sentences that hold now. */
  get present(): string[] {
    return [...this.#now]
  }

  /** A new look at the link: what is not said again until the next one is over. */
  begin(): void {
    this.#before = this.#now
    this.#now = new Set()
  }

  say(link: string, error: unknown): void {
    const sentence = errorMessage(error)
    const isNew = !this.#before.has(sentence) && !this.#now.has(sentence)
    this.#now.add(sentence)
    const advice = error instanceof Failure ? error.advice : undefined
    if (isNew) this.#log.warn({ link, advice }, sentence)
  }
}
