import type { Message, ResourceRecord } from '../../common/message.ts'
import { spread } from '../../common/schedule.ts'

/** RFC 6762 section 7.2: known answers that did not fit into a query follow within this while, in milliseconds. */
const waitMs = [400, 500] as const
/** So many begin to ask at once, with more answers known than fit a message, only when one of them lies. */
const maxWaiting = 64
/** We have some dozens of records: more known answers, or questions, say nothing new. */
const maxKept = 256

interface Waiting {
  query: Message
  timer: NodeJS.Timeout
}

/**
 * Queries with TC set, each kept until the rest of its known answers has come (RFC 6762 section
 * 7.2). More of them than can be kept are answered as they are.
 */
export class TruncatedQueries {
  readonly #random: () => number
  readonly #waiting = new Map<string, Waiting>()

  constructor(random: () => number) {
    this.#random = random
  }

  /**
   * Takes a message from `sender`, with the known answers that are ours, that belongs to a query with
   * TC set; false when it does not. `answer` is called with all that has come when nothing more is to be expected.
   */
  take(sender: string, message: Message, answer: (query: Message) => void): boolean {
    const waiting = this.#waiting.get(sender)
    if (waiting === undefined) {
      if (!message.truncated || this.#waiting.size >= maxWaiting) return false
      const [questions, answers] = [[...message.questions], message.answers.slice(0, maxKept)]
      const query = { ...message, questions, answers }
      this.#waiting.set(sender, { query, timer: this.#start(sender, answer) })
      return true
    }
    // A question of its own, with nothing to follow, is another query.
    if (!message.truncated && message.questions.length > 0) return false
    const { query } = waiting
    query.answers.push(...message.answers.slice(0, maxKept - query.answers.length))
    query.questions.push(...message.questions.slice(0, maxKept - query.questions.length))
    if (message.truncated) {
      clearTimeout(waiting.timer)
      waiting.timer = this.#start(sender, answer)
    }
    return true
  }

  /** Another machine has told the group: to whoever waits, the record is known (RFC 6762 section 7.4). */
  known(record: ResourceRecord): void {
    for (const { query } of this.#waiting.values())
      if (query.answers.length < maxKept) query.answers.push(record)
  }

  clear(): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
  }

  #start(sender: string, answer: (query: Message) => void): NodeJS.Timeout {
    return setTimeout(
      () => {
        const waiting = this.#waiting.get(sender)
        this.#waiting.delete(sender)
        if (waiting) answer(waiting.query)
      },
      spread(...waitMs, this.#random),
    )
  }
}
