import { Recall } from '../../common/recall.ts'

/** A scanner's question, and those of a handful of others. */
const maxReplies = 64

/** What a one-shot querier is sent, but for the id. */
export interface LegacyReply {
  shared: boolean
  parts: readonly Buffer[]
}

/**
 * Replies to one-shot queriers. What the group has heard is nothing to these, so that the same question
 * gets the same bytes for as long as the records are the same.
 */
export class LegacyReplies {
  #records: object | undefined
  #replies = new Recall<LegacyReply | 'none'>(maxReplies)

  /** `make` gives the reply from these records, and undefined for none. */
  to(
    question: string,
    records: object,
    make: () => LegacyReply | undefined,
  ): LegacyReply | undefined {
    if (records !== this.#records) this.#replies = new Recall(maxReplies)
    this.#records = records
    const reply = this.#replies.get(question, () => make() ?? 'none')
    return reply === 'none' ? undefined : reply
  }
}

/** The bytes of a message with another id, its first two (RFC 1035 section 4.1.1). */
export function withId(bytes: Buffer, id: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt16BE(id)
  return copy
}
