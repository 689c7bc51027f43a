import { type Message, type ResourceRecord, recordKey } from '../common/message.ts'

/** RFC 6762 section 8.3: at least two announcements, one second apart. */
export const announceDelaysMs = [0, 1000]

export function announcement(records: readonly ResourceRecord[]): Partial<Message> {
  return { response: true, answers: [...records] }
}

/** RFC 6762 section 10.1: what is no longer true is sent once more with a life of zero. */
export function goodbye(records: readonly ResourceRecord[]): Partial<Message> {
  return { response: true, answers: records.map((record) => ({ ...record, ttl: 0 })) }
}

/** Records that `before` has and `after` has not. */
export function withdrawn(
  before: readonly ResourceRecord[],
  after: readonly ResourceRecord[],
): ResourceRecord[] {
  const kept = new Set(after.map(recordKey))
  return before.filter((record) => !kept.has(recordKey(record)))
}
