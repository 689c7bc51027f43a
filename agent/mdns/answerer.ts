import { mdnsPort } from '../../common/contract.ts'
import type { Destination, Door } from '../../common/mdns.ts'
import { type Message, type ResourceRecord, recordKey, sameName } from '../../common/message.ts'
import { sleep, spread } from '../../common/schedule.ts'
import { type Asker, answer, groupResponse, isFreshToGroup, isProbe, repeatMs } from './answer.ts'
import { PrivateReplies, withId } from './private-replies.ts'
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
  readonly #privately = new PrivateReplies()
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
    if (origin.asked !== undefined && this.#replyPrivately(query, origin, origin.asked)) return
    const relevant = { ...query, answers: this.#oursAmong(query.answers) }
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

  #oursAmong(records: readonly ResourceRecord[]): ResourceRecord[] {
    if (records.length === 0) return []
    const ours = new Set(this.#records().map(recordKey))
    return records.filter((record) => ours.has(recordKey(record)))
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

  /**
   * To the asker alone, in the bytes that another got for the same question; false where the group is
   * to be told as well, or more is to come.
   */
  #replyPrivately(
    query: Message,
    { door, from, direct, reachable }: Origin,
    asked: string,
  ): boolean {
    const legacy = from.port !== mdnsPort
    const isPrivate = legacy || direct || query.questions.every((question) => question.unicast)
    // Known answers that follow a question come without one (RFC 6762 section 7.2).
    const isWhole = query.questions.length > 0 && !query.truncated
    if (!reachable || !isWhole || !isPrivate) return false
    const records = this.#records()
    const reply = this.#privately.to(`${door.family} ${legacy} ${direct} ${asked}`, records, () => {
      const asker = { legacy, direct, reachable }
      const [reply] = answer(records, query, asker, () => 0)
      if (!reply) return undefined
      const { message, delay } = reply
      const parts = this.#voice.pack(door, message)
      return { answers: message.answers, shared: delay === 'shared', parts }
    })
    if (!reply) return true
    const isFresh = (record: ResourceRecord) => isFreshToGroup(record, this.#voice.since(record))
    if (!legacy && !direct && !reply.answers.every(isFresh)) return false
    this.answered++
    const parts = legacy ? reply.parts.map((part) => withId(part, query.id)) : reply.parts
    void this.#toSender(
      door,
      parts,
      from,
      reply.shared ? spread(...sharedDelayMs, this.#random) : 0,
    )
    return true
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
