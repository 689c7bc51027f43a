import type { ResourceRecord } from '../../common/message.ts'
import { Recall } from '../../common/recall.ts'

/** A scanner's question, and those of a handful of others. */
const maxReplies = 64

/** What one asker is sent, but for the id. */
export interface PrivateReply {
  answers: readonly ResourceRecord[]
  shared: boolean
  parts: readonly Buffer[]
}

/**
 * Replies that go to the asker alone. What the group has heard is nothing to these, so that the same
 * question gets the same bytes for as long as the records are the same.
 */
export class PrivateReplies {
  #records: object | undefined
  #replies = new Recall<PrivateReply | 'none'>(maxReplies)

  /** `make` gives the reply from these records, and undefined for none. */
  to(
    question: string,
    records: object,
    make: () => PrivateReply | undefined,
  ): PrivateReply | undefined {
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
