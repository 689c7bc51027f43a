import { type Message, type ResourceRecord, recordKey, setKey } from '../../common/message.ts'

/** A message that answers, or announces. */
export type Response = Partial<Message> & { answers: ResourceRecord[] }

/** RFC 6762 section 8.3: at least two announcements, at least one second apart. */
export const announceGapsMs = [0, 1000]

/** What is announced together: the set of a unique name, each record of a shared one by itself. */
export function announcedKey(record: ResourceRecord): string {
  return record.flush ? setKey(record) : recordKey(record)
}

/** What is no longer true is sent once more with a life of zero (RFC 6762 section 10.1). */
export function goodbye(records: readonly ResourceRecord[]): ResourceRecord[] {
  return records.map((record) => ({ ...record, ttl: 0 }))
}

/** Records that `before` has and `after` has not. */
export function withdrawn(
  before: readonly ResourceRecord[],
  after: readonly ResourceRecord[],
): ResourceRecord[] {
  const kept = new Set(after.map(recordKey))
  return before.filter((record) => !kept.has(recordKey(record)))
}

/**
 * The message with the cache-flush bit only where its sets are whole: it tells everybody to forget
 * what else they know of the name and type (RFC 6762 section 10.2).
 */
export function flushWholeSets(
  records: readonly ResourceRecord[],
  { answers, additionals = [], ...rest }: Response,
): Response {
  const told = new Set([...answers, ...additionals].map(recordKey))
  const partial = new Set(records.filter((each) => !told.has(recordKey(each))).map(setKey))
  const mark = (record: ResourceRecord): ResourceRecord =>
    record.flush && partial.has(setKey(record)) ? { ...record, flush: false } : record
  return { ...rest, answers: answers.map(mark), additionals: additionals.map(mark) }
}
