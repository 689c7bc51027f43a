import {
  type Message,
  type Question,
  type ResourceRecord,
  rdataBytes,
  recordKey,
  sameName,
} from '../common/message.ts'
import { spread } from '../common/schedule.ts'

/** RFC 6762 section 8.1: three probes 250 ms apart, the first after a random 0-250 ms. */
export const probeIntervalMs = 250
export const probeCount = 3
/** RFC 6762 section 8.2: the loser of a tie waits a second and probes again. */
export const tieDeferralMs = 1000
/** RFC 6762 section 8.1: after fifteen conflicts in ten seconds, five seconds between tries. */
export const manyConflicts = 15
export const manyConflictsDelayMs = 5000

/** Waits before each probe, and after the last one, in milliseconds. */
export function probeDelays(random: () => number): number[] {
  return [spread(0, probeIntervalMs, random), ...Array(probeCount).fill(probeIntervalMs)]
}

/** A probe asks for any record of each unique name and says what will be claimed (RFC 6762 section 8.1). */
export function probeMessage(records: readonly ResourceRecord[]): Partial<Message> {
  const claimed = probedRecords(records)
  const names = [...new Set(claimed.map((record) => record.name))]
  return {
    questions: names.map(
      (name): Question => ({ name, type: 'ANY', internet: true, unicast: true }),
    ),
    // The proposed records carry no cache-flush bit (RFC 6762 section 10.2).
    authorities: claimed.map((record) => ({ ...record, flush: false })),
  }
}

/**
 * The records whose names are claimed: the unique ones, without the reverse mappings, since an
 * address that has passed DAD is known to be ours (RFC 6762 section 8.1).
 */
function probedRecords(records: readonly ResourceRecord[]): ResourceRecord[] {
  return records.filter((record) => record.flush && !/\.arpa$/.test(record.name))
}

/**
 * Whether a response claims one of our unique names with other data (RFC 6762 section 9).
 * The same name, type and data from elsewhere is no conflict, and neither is a goodbye. While a
 * name is only being probed for, any record of it is in the way, whatever its type.
 */
export function conflicts(
  records: readonly ResourceRecord[],
  response: Message,
  probing: boolean,
): boolean {
  const ours = probedRecords(records)
  const keys = new Set(ours.map(recordKey))
  return [...response.answers, ...response.additionals].some((theirs) => {
    if (theirs.ttl === 0 || theirs.type === 'NSEC' || keys.has(recordKey(theirs))) return false
    return ours.some(
      (own) => sameName(own.name, theirs.name) && (probing || own.type === theirs.type),
    )
  })
}

/**
 * Two probe for one name at once (RFC 6762 section 8.2): the records of each are sorted and
 * compared, and the side with the lexicographically earlier data has lost.
 */
export function losesTie(records: readonly ResourceRecord[], probe: Message): boolean {
  const ours = probedRecords(records)
  const names = [...new Set(ours.map((record) => record.name.toLowerCase()))]
  return names.some((name) => {
    const ofName = (record: ResourceRecord) => record.name.toLowerCase() === name
    const theirs = probe.authorities.filter(ofName)
    return theirs.length > 0 && compareSets(ours.filter(ofName), theirs) < 0
  })
}

function compareSets(ours: readonly ResourceRecord[], theirs: readonly ResourceRecord[]): number {
  const a = ours.map(rdataBytes).sort(Buffer.compare)
  const b = theirs.map(rdataBytes).sort(Buffer.compare)
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = Buffer.compare(a[i] ?? Buffer.alloc(0), b[i] ?? Buffer.alloc(0))
    if (order !== 0) return order
  }
  return a.length - b.length
}
