import { comparedBytes } from '../../common/encode.ts'
import {
  type Message,
  type Question,
  type ResourceRecord,
  recordKey,
} from '../../common/message.ts'
import { spread } from '../../common/schedule.ts'
import { isClaimed } from './claims.ts'

/** RFC 6762 section 8.1: three probes 250 ms apart, the first after a random 0-250 ms. */
export const probeIntervalMs = 250
export const probeCount = 3
/** RFC 6762 section 8.2: the loser of a tie waits a second and probes again. */
export const tieDeferralMs = 1000

/** Waits before each probe, and after the last one, in milliseconds. */
export function probeDelays(random: () => number): number[] {
  return [spread(0, probeIntervalMs, random), ...Array(probeCount).fill(probeIntervalMs)]
}

/** A probe asks for any record of each name and says what will be claimed (RFC 6762 section 8.1). */
export function probeMessage(
  records: readonly ResourceRecord[],
  names: readonly string[],
): Partial<Message> {
  const claimed = records.filter((record) => isClaimed(record) && names.includes(record.name))
  return {
    questions: names.map(
      (name): Question => ({ name, type: 'ANY', internet: true, unicast: true }),
    ),
    // The proposed records carry no cache-flush bit (RFC 6762 section 10.2).
    authorities: claimed.map((record) => ({ ...record, flush: false })),
  }
}

/**
 * The names of ours that a response claims with other data (RFC 6762 section 9). The same name, type
 * and data from elsewhere is no conflict, and neither is a goodbye. While a name is only being
 * probed for, any record of it is in the way, whatever its type.
 */
export function conflictingNames(
  records: readonly ResourceRecord[],
  response: Message,
  isHeld: (name: string) => boolean,
): string[] {
  const ours = recordsByName(records)
  const found = new Set<string>()
  for (const theirs of [...response.answers, ...response.additionals]) {
    const own = ours.get(theirs.name.toLowerCase())
    const [first] = own ?? []
    if (own === undefined || first === undefined || found.has(first.name)) continue
    if (theirs.ttl === 0 || theirs.type === 'NSEC' || isOfOtherClass(theirs)) continue
    const key = recordKey(theirs)
    if (own.some((record) => recordKey(record) === key)) continue
    if (!isHeld(first.name) || own.some((record) => record.type === theirs.type))
      found.add(first.name)
  }
  return [...found]
}

const IN = 1

function isOfOtherClass(record: ResourceRecord): boolean {
  return record.type === 'other' && record.data.class !== IN
}

/**
 * Two probe for one name at once (RFC 6762 section 8.2): the records of each are sorted and
 * compared, and the side with the lexicographically earlier data has lost. Gives the names that are
 * lost to `probe`.
 */
export function lostTies(records: readonly ResourceRecord[], probe: Message): string[] {
  const theirs = new Map<string, ResourceRecord[]>()
  for (const record of probe.authorities) {
    const name = record.name.toLowerCase()
    const ofName = theirs.get(name)
    if (ofName) ofName.push(record)
    else theirs.set(name, [record])
  }
  return [...recordsByName(records)].flatMap(([name, own]) => {
    const claimed = theirs.get(name)
    return claimed && compareSets(own, claimed) < 0 ? (own[0]?.name ?? []) : []
  })
}

/** Of the names that are claimed; by name in lower case. */
function recordsByName(records: readonly ResourceRecord[]): Map<string, ResourceRecord[]> {
  const byName = new Map<string, ResourceRecord[]>()
  for (const record of records.filter(isClaimed)) {
    const name = record.name.toLowerCase()
    byName.set(name, [...(byName.get(name) ?? []), record])
  }
  return byName
}

function compareSets(ours: readonly ResourceRecord[], theirs: readonly ResourceRecord[]): number {
  const a = ours.map(comparedBytes).sort(Buffer.compare)
  const b = theirs.map(comparedBytes).sort(Buffer.compare)
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = Buffer.compare(a[i] ?? Buffer.alloc(0), b[i] ?? Buffer.alloc(0))
    if (order !== 0) return order
  }
  return a.length - b.length
}
