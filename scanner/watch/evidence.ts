import { macFromLinkLocal } from '../../common/address.ts'
import { staticLinkLocal } from '../../common/contract.ts'
import { place } from '../macs.ts'
import type { Sighting, SourceName } from '../sighting.ts'

/**
 * What is believed at a moment of a watch: sightings that live for a time. Pure: time comes as an
 * argument, in milliseconds of a steady clock, and only `Sighting.at` is the time of day.
 */
export interface Knowledge {
  /** By a key that says from whom it is: what the same source says of the same again takes its place. */
  evidence: ReadonlyMap<string, Evidence>
  /** Places (link and address) that no longer answer: a neighbour table that still has them is no evidence. */
  silenced: ReadonlySet<string>
  /** Places that were given up with a goodbye lately, and when. */
  farewells: ReadonlyMap<string, number>
  /** The boot that each machine's agent last told of, by the machine's id. */
  boots: ReadonlyMap<string, string>
}

export interface Evidence {
  sighting: Sighting
  expiresAt: number
  /** It is in question, and leaves when nothing confirms it. */
  doubted: boolean
}

export type Input =
  /** Somebody was seen, or heard. */
  | { kind: 'heard'; key: string; sighting: Sighting; lifetimeMs: number }
  /** What was heard is no longer said, and may be said anew in other words within `graceMs`. */
  | { kind: 'withdrawn'; key: string; graceMs: number }
  /** Whoever speaks from an address has said goodbye to these (RFC 6762 section 10.1). */
  | { kind: 'farewell'; link: string; from: string; addresses: readonly string[] }
  /** These addresses have not answered, and are being asked again. */
  | { kind: 'doubted'; link: string; addresses: readonly string[] }
  /** These addresses have not answered, however often they were asked. */
  | { kind: 'silent'; link: string; addresses: readonly string[] }
  /** The link's carrier is gone (`link`), or this machine has slept (every link): all must show itself within `graceMs`. */
  | { kind: 'shaken'; link?: string; graceMs: number }
  /** The time of day was set, by so many milliseconds. */
  | { kind: 'clock-set'; byMs: number }

export const nothingKnown: Knowledge = {
  evidence: new Map(),
  silenced: new Set(),
  farewells: new Map(),
  boots: new Map(),
}

/**
 * Bound on what is remembered of one source on one link: of 1,000 installers it tells three times
 * each. What is more is refused, so that whoever floods a link drives nobody out who is known.
 */
const maxEvidence = 5000

/** The knowledge after some inputs, in their order. */
export function learn(before: Knowledge, inputs: readonly Input[], now: number): Knowledge {
  const draft: Draft = {
    evidence: new Map(before.evidence),
    silenced: new Set(before.silenced),
    farewells: new Map([...before.farewells].filter(([, at]) => now - at < lateMs)),
    boots: new Map(before.boots),
    counts: new Map(),
  }
  for (const { sighting } of draft.evidence.values()) count(draft, sighting, 1)
  for (const input of inputs) apply(draft, input, now)
  dropOldest(draft.silenced)
  dropOldest(draft.boots)
  const { counts: _, ...knowledge } = draft
  return knowledge
}

/** Of those who were there once, and may come back, the latest are remembered. */
function dropOldest(remembered: Set<string> | Map<string, string>): void {
  const keys = remembered.keys()
  for (let surplus = remembered.size - maxEvidence; surplus > 0; surplus--)
    remembered.delete(keys.next().value ?? '')
}

/** The knowledge without what has expired, and without ssh evidence of those who are nowhere else seen. */
export function forget(before: Knowledge, now: number): Knowledge {
  const alive = [...before.evidence].filter(([, each]) => each.expiresAt > now)
  const seen = new Set(
    alive.flatMap(([, { sighting }]) => (sighting.source === 'ssh' ? [] : placesOf(sighting))),
  )
  const kept = alive.filter(
    ([, { sighting }]) =>
      sighting.source !== 'ssh' || placesOf(sighting).some((each) => seen.has(each)),
  )
  return kept.length === before.evidence.size ? before : { ...before, evidence: new Map(kept) }
}

/** When the next piece of evidence expires; Infinity when there is none. */
export function nextExpiry({ evidence }: Knowledge): number {
  let next = Number.POSITIVE_INFINITY
  for (const { expiresAt } of evidence.values()) next = Math.min(next, expiresAt)
  return next
}

/** Places of which something is known that nobody doubts. */
export function certainPlaces({ evidence }: Knowledge): Set<string> {
  const certain = [...evidence.values()].filter(
    ({ doubted, sighting }) => !doubted && sighting.source !== 'ssh',
  )
  return new Set(certain.flatMap(({ sighting }) => placesOf(sighting)))
}

/** The key of a sighting that a scan gave: what it says, but for the time. */
export function scanKey(sighting: Sighting): string {
  // One server answers at an address: what it says now takes the place of what it said before.
  if (sighting.source === 'ssh') return `ssh ${placesOf(sighting).join(' ')}`
  return JSON.stringify({ ...sighting, at: 0 })
}

interface Draft {
  evidence: Map<string, Evidence>
  silenced: Set<string>
  farewells: Map<string, number>
  boots: Map<string, string>
  /** Pieces of evidence by source and link. */
  counts: Map<string, number>
}

function apply(draft: Draft, input: Input, now: number): void {
  switch (input.kind) {
    case 'heard':
      hear(draft, input, now)
      break
    case 'withdrawn':
      shorten(draft, now + input.graceMs, (_, key) => key === input.key)
      break
    case 'farewell':
      sayFarewell(draft, input, now)
      break
    case 'doubted':
      shorten(draft, Number.POSITIVE_INFINITY, isOf(input))
      break
    case 'silent':
      for (const address of input.addresses) draft.silenced.add(place(input.link, address))
      drop(draft, isOf(input))
      break
    case 'shaken':
      shake(draft, input, now)
      break
    case 'clock-set':
      for (const [key, { sighting, ...rest }] of draft.evidence)
        draft.evidence.set(key, {
          ...rest,
          sighting: { ...sighting, at: sighting.at + input.byMs },
        })
  }
}

function hear(
  draft: Draft,
  { key, sighting, lifetimeMs }: Extract<Input, { kind: 'heard' }>,
  now: number,
): void {
  const places = placesOf(sighting)
  // An entry of the neighbour table, which keeps those who have left for minutes.
  const fromTable = sighting.source === 'neighbour' && sighting.mac !== undefined
  if (fromTable && places.every((each) => draft.silenced.has(each))) return
  const isAsked = sighting.source === 'static' || sighting.source === 'neighbour'
  if (isAsked && sighting.installer && places.every((each) => draft.farewells.has(each))) return
  if (!fromTable && isSignOfLife(sighting)) for (const each of places) draft.silenced.delete(each)
  noteReboot(draft, sighting)
  if (sighting.source === 'ssh') noteNewKey(draft, key, sighting)
  if (!draft.evidence.has(key) && count(draft, sighting, 0) >= maxEvidence) return
  dropKey(draft, key)
  count(draft, sighting, 1)
  draft.evidence.set(key, { sighting, expiresAt: now + lifetimeMs, doubted: false })
}

function isSignOfLife({ source, ssh }: Sighting): boolean {
  return source !== 'ssh' || ssh?.reachable === true
}

/** A live system makes new host keys at each boot: what the former one showed is of no use. */
function noteReboot(draft: Draft, { advertisement, link, addresses }: Sighting): void {
  if (!advertisement?.boot) return
  const { id, boot } = advertisement
  const before = draft.boots.get(id)
  // Deleted first: the latest is the last.
  draft.boots.delete(id)
  draft.boots.set(id, boot)
  if (before === undefined || before === boot) return
  const same = isOf({ link, addresses })
  drop(draft, ({ sighting }, key) => {
    const former = sighting.advertisement?.id === id && sighting.advertisement.boot !== boot
    return former || (sighting.source === 'ssh' && same({ sighting }, key))
  })
}

/** A server that shows another key than before is another boot, or another machine: its other addresses show it anew. */
function noteNewKey(draft: Draft, key: string, { link, ssh }: Sighting): void {
  const before = draft.evidence.get(key)?.sighting.ssh?.hostKeys ?? []
  if (!ssh?.hostKeys[0] || !before[0] || before[0] === ssh.hostKeys[0]) return
  drop(
    draft,
    ({ sighting }) =>
      sighting.source === 'ssh' &&
      sighting.link === link &&
      sighting.ssh?.hostKeys[0] === before[0],
  )
}

/** Sources whose evidence ends with a goodbye; that the machine is on the link is not denied by it. */
const farewellSources: ReadonlySet<SourceName> = new Set(['mdns', 'service', 'static', 'ssh'])

/** As long as what was asked before a goodbye may be told after it: a round tells of the static address at its end. */
const lateMs = 3000

/** Time for a machine to contradict a goodbye that another said in its name. */
const disputeMs = 10_000

function sayFarewell(draft: Draft, said: Extract<Input, { kind: 'farewell' }>, now: number): void {
  const { link, addresses } = said
  const isMeant = ({ sighting }: Evidence): boolean =>
    sighting.link === link && (farewellSources.has(sighting.source) || sighting.installer === true)
  if (!speaksForItself(draft, said)) {
    shorten(draft, now + disputeMs, (each, key) => isMeant(each) && isOf(said)(each, key))
    return
  }
  for (const address of addresses) draft.farewells.set(place(link, address), now)
  for (const [key, evidence] of draft.evidence) {
    if (!isMeant(evidence)) continue
    const { sighting } = evidence
    const kept = sighting.addresses.filter((each) => !addresses.includes(each))
    if (kept.length === sighting.addresses.length) continue
    dropKey(draft, key)
    // One address of several is given up when a lease ends; whoever keeps only the shared one keeps none.
    if (kept.every((each) => each === staticLinkLocal)) continue
    count(draft, sighting, 1)
    draft.evidence.set(key, { ...evidence, sighting: { ...sighting, addresses: kept } })
  }
}

/** Whether the speaker's address is of the card whose addresses are given up, as far as that is known. */
function speaksForItself(
  { evidence }: Draft,
  { link, from, addresses }: Extract<Input, { kind: 'farewell' }>,
): boolean {
  if (addresses.includes(from)) return true
  const macs = new Map<string, string>()
  for (const { sighting } of evidence.values())
    if (sighting.link === link && sighting.mac)
      for (const address of sighting.addresses) macs.set(address, sighting.mac)
  const macOf = (address: string) => macFromLinkLocal(address) ?? macs.get(address)
  const mac = macOf(from)
  return mac !== undefined && addresses.some((address) => macOf(address) === mac)
}

/** Brings the end of what `which` picks nearer, and puts it in question. */
function shorten(
  draft: Draft,
  expiresAt: number,
  which: (evidence: Evidence, key: string) => boolean,
): void {
  for (const [key, evidence] of draft.evidence)
    if (which(evidence, key))
      draft.evidence.set(key, {
        ...evidence,
        expiresAt: Math.min(evidence.expiresAt, expiresAt),
        doubted: true,
      })
}

/** After a sleep lifetimes have run out in which nobody was asked: those count from now. */
function shake(
  draft: Draft,
  { link, graceMs }: Extract<Input, { kind: 'shaken' }>,
  now: number,
): void {
  for (const [key, evidence] of draft.evidence)
    if (link === undefined || evidence.sighting.link === link)
      draft.evidence.set(key, { ...evidence, expiresAt: now + graceMs, doubted: true })
}

function drop(draft: Draft, which: (evidence: Evidence, key: string) => boolean): void {
  for (const [key, evidence] of draft.evidence) if (which(evidence, key)) dropKey(draft, key)
}

function dropKey(draft: Draft, key: string): void {
  const evidence = draft.evidence.get(key)
  if (evidence) count(draft, evidence.sighting, -1)
  draft.evidence.delete(key)
}

function isOf({ link, addresses }: { link: string; addresses: readonly string[] }) {
  return ({ sighting }: Pick<Evidence, 'sighting'>, _key: string): boolean =>
    sighting.link === link && sighting.addresses.some((each) => addresses.includes(each))
}

function placesOf({ link, addresses }: Sighting): string[] {
  return addresses.map((address) => place(link, address))
}

/** Adds to the number of pieces of evidence from the sighting's source and link, and gives it. */
function count({ counts }: Draft, { source, link }: Sighting, add: number): number {
  const key = `${source} ${link}`
  const sum = (counts.get(key) ?? 0) + add
  counts.set(key, sum)
  return sum
}
