import { mdnsPort } from '../../common/contract.ts'
import type { Destination, Door } from '../../common/mdns.ts'
import { type Message, type ResourceRecord, recordKey, sameName } from '../../common/message.ts'
import { sleep, spread } from '../../common/schedule.ts'
import { type Asker, answer, groupResponse, isProbe, repeatMs } from './answer.ts'
import { LegacyReplies, withId } from './legacy-replies.ts'
import { ReplyQueue } from './reply-queue.ts'
import { TruncatedQueries } from './truncated-queries.ts'
import type { Said, Voice } from './voice.ts'

/** RFC 6762 section 6: how long a shared record waits, in milliseconds. */
export const sharedDelayMs = [20, 120] as const
/** Replies that wait to go to one asker each. More at once are asked for by one who floods. */
const maxPrivateReplies = 64

/** Where a query came in and from whom. */
export interface Origin extends Pick<Asker, 'direct' | 'reachable'> {
  door: Door
  from: Destination
  /** The query's bytes but for its id, where it is short. */
  asked?: string | undefined
}

/** Answers the queries of one link and family: `answer` says what, here is when. */
export class Answerer {
  readonly #records: () => readonly ResourceRecord[]
  readonly #voice: Voice
  readonly #random: () => number
  readonly #queue = new ReplyQueue((answers) => void this.#flush(answers))
  readonly #truncated: TruncatedQueries
  readonly #legacy = new LegacyReplies()
  #privateReplies = 0
  /** Queries that were answered. */
  answered = 0

  /** `records` gives those that may be given out now. */
  constructor(records: () => readonly ResourceRecord[], voice: Voice, random: () => number) {
    this.#records = records
    this.#voice = voice
    this.#random = random
    this.#truncated = new TruncatedQueries(random)
  }

  hear(query: Message, origin: Origin): void {
    const { address, port } = origin.from
    if (port !== mdnsPort && origin.asked !== undefined) {
      if (origin.reachable) this.#replyAsBefore(query, origin, origin.asked)
      return
    }
    const ours = new Set(this.#records().map(recordKey))
    const answers = query.answers.filter((record) => ours.has(recordKey(record)))
    const relevant = { ...query, answers }
    const respond = (whole: Message, waited: boolean) => this.#respond(whole, origin, waited)
    const mayFollow = port === mdnsPort && !isProbe(query)
    const sender = `${address} ${port}`
    if (mayFollow && this.#truncated.take(sender, relevant, (whole) => respond(whole, true))) return
    respond(relevant, false)
  }

  /** Another machine has told the group the same: then we need not (RFC 6762 section 7.4). */
  heardElsewhere(record: ResourceRecord): void {
    this.#queue.withdraw(recordKey(record))
    this.#truncated.known(record)
  }

  clear(): void {
    this.#queue.clear()
    this.#truncated.clear()
  }

  #respond(query: Message, { door, from, direct, reachable }: Origin, waited: boolean): void {
    const asker = { legacy: from.port !== mdnsPort, direct, reachable }
    const since = (record: ResourceRecord) => this.#voice.since(record)
    const replies = answer(this.#records(), query, asker, since)
    if (replies.length > 0) this.answered++
    for (const reply of replies) {
      const delay = waited || reply.delay === 'none' ? 0 : spread(...sharedDelayMs, this.#random)
      if (reply.to === 'sender') void this.#toSender(door, reply.message, from, delay)
      else if (delay > 0) this.#queue.add(reply.message.answers, delay)
      else void this.#toGroup(reply.message.answers)
    }
  }

  /** To a one-shot querier, in the bytes that another got for the same question. */
  #replyAsBefore(query: Message, { door, from, direct }: Origin, asked: string): void {
    const records = this.#records()
    const reply = this.#legacy.to(`${door.family}${direct} ${asked}`, records, () => {
      const asker = { legacy: true, direct, reachable: true }
      const [first] = answer(records, query, asker, () => Number.POSITIVE_INFINITY)
      return (
        first && { shared: first.delay === 'shared', parts: this.#voice.pack(door, first.message) }
      )
    })
    if (!reply) return
    this.answered++
    const parts = reply.parts.map((part) => withId(part, query.id))
    const delay = reply.shared ? spread(...sharedDelayMs, this.#random) : 0
    void this.#toSender(door, parts, from, delay)
  }

  async #toSender(door: Door, message: Said, from: Destination, delay: number): Promise<void> {
    if (delay > 0) {
      if (this.#privateReplies >= maxPrivateReplies) return
      this.#privateReplies++
      await sleep(delay)
      this.#privateReplies--
    }
    await this.#voice.send(door, message, from)
  }

  async #toGroup(answers: readonly ResourceRecord[]): Promise<void> {
    for (const record of answers) this.#queue.withdraw(recordKey(record))
    const since = (record: ResourceRecord) => this.#voice.since(record)
    await this.#voice.multicast(groupResponse(this.#records(), answers, since))
  }

  /** Of what has waited, what is still true and has not gone meanwhile. */
  async #flush(answers: readonly ResourceRecord[]): Promise<void> {
    const records = this.#records()
    const isOurs = (answer: ResourceRecord) =>
      records.some((each) => sameName(each.name, answer.name))
    const due = answers.filter((each) => isOurs(each) && this.#voice.since(each) >= repeatMs)
    if (due.length > 0) await this.#toGroup(due)
  }
}
