import { serviceEnumeration } from '../../common/contract.ts'
import { type ResourceRecord, sameName } from '../../common/message.ts'

/**
 * Which names of a link are ours in one family (RFC 6762 section 8.1): each is probed for by
 * itself, so that a conflict about one leaves the others as they are.
 */

/** Names whose probes go out together. */
export interface Round {
  /**
   * Before the first probe of a name that was held, or lost too often of late: what is heard now
   * was not said in answer to it, and the probes will tell (RFC 6762 section 9).
   */
  patient: boolean
}

interface Claim {
  /** As it is spelled. */
  name: string
  state: 'probing' | 'held'
  /** Undefined while the name is held, or waits after a lost tie (section 8.2). */
  round: Round | undefined
}

export class Claims {
  /** By name in lower case. */
  readonly #claims = new Map<string, Claim>()

  /** Claims these names and no others; gives those that are new. */
  wish(names: readonly string[]): string[] {
    const wished = new Map(names.map((name) => [name.toLowerCase(), name]))
    for (const key of this.#claims.keys()) if (!wished.has(key)) this.#claims.delete(key)
    const fresh = [...wished].filter(([key]) => !this.#claims.has(key))
    for (const [key, name] of fresh)
      this.#claims.set(key, { name, state: 'probing', round: undefined })
    return fresh.map(([, name]) => name)
  }

  /** These of the names that are still wished for are probed for from now on, together. */
  begin(names: readonly string[], round: Round): void {
    for (const claim of this.#those(names)) Object.assign(claim, { state: 'probing', round })
  }

  /** The names that are still in the round. */
  inRound(round: Round): string[] {
    return [...this.#claims.values()].flatMap((claim) => (claim.round === round ? claim.name : []))
  }

  /** Whether a round of probes is under way for the name: it has not lost a tie, or ended. */
  isInRound(name: string): boolean {
    return this.#claims.get(name.toLowerCase())?.round !== undefined
  }

  /** Whether a claim by another machine is not yet to be taken for an answer to a probe. */
  isPatient(name: string): boolean {
    return this.#claims.get(name.toLowerCase())?.round?.patient === true
  }

  /** The names fall out of their round: a tie was lost. */
  defer(names: readonly string[]): void {
    for (const claim of this.#those(names)) claim.round = undefined
  }

  hold(names: readonly string[]): void {
    for (const claim of this.#those(names))
      Object.assign(claim, { state: 'held', round: undefined })
  }

  isHeld(name: string): boolean {
    return this.state(name) === 'held'
  }

  /** Undefined for a name that is not claimed. */
  state(name: string): Claim['state'] | undefined {
    return this.#claims.get(name.toLowerCase())?.state
  }

  *[Symbol.iterator](): Generator<Pick<Claim, 'name' | 'state'>> {
    for (const { name, state } of this.#claims.values()) yield { name, state }
  }

  #those(names: readonly string[]): Claim[] {
    return names.flatMap((name) => this.#claims.get(name.toLowerCase()) ?? [])
  }
}

/**
 * Whether the record's name is to be claimed: a unique one, but no reverse mapping, since an address
 * that has passed DAD is known to be ours (RFC 6762 section 8.1).
 */
export function isClaimed(record: ResourceRecord): boolean {
  return record.flush && !/\.arpa$/.test(record.name)
}

/** The names to claim, each once. */
export function claimedNames(records: readonly ResourceRecord[]): string[] {
  return [...new Set(records.filter(isClaimed).map((record) => record.name))]
}

/**
 * The records that may be given out: those of names that are held, and those that lead to one. A
 * service type is there while one of its instances is (RFC 6763 section 9).
 */
export function spokenRecords(
  records: readonly ResourceRecord[],
  isHeld: (name: string) => boolean,
): ResourceRecord[] {
  const isType = (record: ResourceRecord) => record.name === serviceEnumeration
  const leadsTo = (record: ResourceRecord) =>
    record.type === 'PTR' && !isClaimed(record) ? record.data : record.name
  const spoken = records.filter((record) => !isType(record) && isHeld(leadsTo(record)))
  const types = records.filter(
    (record) => isType(record) && spoken.some((each) => sameName(each.name, leadsTo(record))),
  )
  return [...spoken, ...types]
}
