import { staticLinkLocal } from '../common/contract.ts'
import { describe, hostKeysOf, type Machine } from './machine.ts'
import { knownMacs, type Macs, macOf, place } from './macs.ts'
import { lastingAddresses, type Sighting } from './sighting.ts'

/**
 * Joins sightings to machines. Pure, and the order of the sightings does not matter: one MAC on
 * one link is one machine; links join by the announced id, or by an equal host key where no two
 * ids speak against it. fe80::47 and names never join anything: every installer has them.
 */
export function merge(sightings: readonly Sighting[]): Machine[] {
  const ordered = inTime(sightings)
  const ranks = new Map(ordered.map((sighting, rank) => [sighting, rank]))
  const rank = (sighting: Sighting) => ranks.get(sighting) ?? 0
  const macs = knownMacs(ordered)
  const holders = knownHolders(ordered)
  const groups = new Groups<Sighting>()
  for (const sighting of ordered) groups.add(sighting, identitiesOf(sighting, macs, holders))
  return (
    joinCards(groups.all())
      .map((group) => withoutForeignKeys(group).sort((a, b) => rank(a) - rank(b)))
      .map((group) => describe(group, macs))
      // Who was known by nothing but an address that is another's now cannot be reached.
      .filter((machine) => machine.target !== '')
      .sort((a, b) => compare(a.name ?? '', b.name ?? '') || compare(a.id, b.id))
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** Oldest first; what came at the same moment in an order of its own, not that of arrival. */
function inTime(sightings: readonly Sighting[]): Sighting[] {
  return sightings
    .map((sighting) => ({ sighting, first: lastingAddresses(sighting)[0] ?? '' }))
    .sort(
      ({ sighting: a, first: ofA }, { sighting: b, first: ofB }) =>
        a.at - b.at ||
        compare(a.source, b.source) ||
        compare(ofA, ofB) ||
        compare(spellOut(a), spellOut(b)),
    )
    .map(({ sighting }) => sighting)
}

/** Whether fe80::47 is among its addresses comes last: that decides nothing of who is who. */
function spellOut(sighting: Sighting): string {
  const addresses = lastingAddresses(sighting)
  return JSON.stringify([{ ...sighting, addresses }, sighting.addresses])
}

/** What is known of who had the static address when. */
interface Holders {
  /** Those whom the neighbour table told of, by link. */
  verified: ReadonlyMap<string, Sighting[]>
  /** By link and host key: an address of its own at which a machine has shown that key. */
  homes: ReadonlyMap<string, string>
  /** The newest host key that was shown at the static address, by link. */
  newestKeys: ReadonlyMap<string, string>
}

function knownHolders(ordered: readonly Sighting[]): Holders {
  const homes = new Map<string, string>()
  const newestKeys = new Map<string, string>()
  for (const sighting of ordered) {
    const { link, ssh } = sighting
    const [own] = lastingAddresses(sighting)
    for (const key of ssh?.hostKeys ?? [])
      if (speaksForHolder(sighting)) newestKeys.set(link, key)
      else if (own) homes.set(place(link, key), place(link, own))
  }
  const verified = gather(
    ordered.filter(({ mac, addresses }) => mac && addresses.includes(staticLinkLocal)),
    ({ link }) => [link],
  )
  return { verified, homes, newestKeys }
}

/** The machine that has shown a key at an address of its own. */
function homeOf(link: string, key: string | undefined, { homes }: Holders): string | undefined {
  const home = key && homes.get(place(link, key))
  return home && `address ${home}`
}

/** The card that had the static address at that moment: by the look at the neighbour table nearest to it. */
function holderAt({ link, at, mac }: Sighting, { verified }: Holders): string | undefined {
  const looks = verified.get(link) ?? []
  const before = looks.findLast((each) => each.at <= at)
  const after = looks.find((each) => each.at > at)
  const isAfter = after && (!before || after.at - at < at - before.at)
  const holder = mac ?? (isAfter ? after : before)?.mac
  return holder && `mac ${place(link, holder)}`
}

/** Whether the static address is all that it tells of who is meant. */
function speaksForHolder({ addresses, advertisement }: Sighting): boolean {
  return !advertisement && addresses.every((address) => address === staticLinkLocal)
}

/** What ties a sighting to others on its link: its MACs, its addresses but for the static one, its announced id. */
function identitiesOf(sighting: Sighting, macs: Macs, holders: Holders): string[] {
  const { link, advertisement } = sighting
  const identities = lastingAddresses(sighting).flatMap((address) => {
    const mac = macOf(link, address, macs)
    return mac
      ? [`address ${place(link, address)}`, `mac ${place(link, mac)}`]
      : [`address ${place(link, address)}`]
  })
  if (advertisement) identities.push(`id ${place(link, advertisement.id)}`)
  if (identities.length > 0) return identities
  // Only the static address: it speaks for whoever showed that host key elsewhere, else for the holder.
  const shown = sighting.ssh?.hostKeys[0]
  const holder = homeOf(link, shown, holders) ?? holderAt(sighting, holders)
  if (holder) return [holder]
  const key = shown ?? holders.newestKeys.get(link)
  return [homeOf(link, key, holders) ?? `holder ${place(link, key ?? '')}`]
}

/** Sets of values that share an identity, however indirectly (a disjoint-set forest). */
class Groups<T> {
  readonly #parents = new Map<string, string>()
  readonly #values: { value: T; identity: string }[] = []

  add(value: T, [first = '', ...others]: string[]): void {
    this.#values.push({ value, identity: first })
    for (const other of others) this.#parents.set(this.#root(other), this.#root(first))
  }

  all(): T[][] {
    const groups = new Map<string, T[]>()
    for (const { value, identity } of this.#values) {
      const root = this.#root(identity)
      const group = groups.get(root)
      if (group) group.push(value)
      else groups.set(root, [value])
    }
    return [...groups.values()]
  }

  #root(identity: string): string {
    let root = identity
    for (let up = this.#parents.get(root); up !== undefined && up !== root; ) {
      root = up
      up = this.#parents.get(root)
    }
    // Everybody on the way is a child of the root now: a long chain is walked once.
    for (let at = identity; at !== root; ) {
      const next = this.#parents.get(at) ?? root
      this.#parents.set(at, root)
      at = next
    }
    return root
  }
}

/** What a group of sightings, one card on one link or more, says of whose card it is. */
interface Card {
  group: Sighting[]
  links: Set<string>
  id: string | undefined
  keys: string[]
}

/**
 * Cards join by the announced id, and by an equal host key unless two ids would meet. Cards of one
 * id on different links that show different keys are two machines: a MAC was cloned, or one lies.
 */
function joinCards(groups: readonly Sighting[][]): Sighting[][] {
  const cards = groups.map(
    (group): Card => ({
      group,
      links: new Set(group.map((sighting) => sighting.link)),
      id: group.find((sighting) => sighting.advertisement)?.advertisement?.id,
      keys: joiningKeys(group),
    }),
  )
  const idsOfKey = gather(cards, (card) => card.keys)
  const cardsOfId = gather(cards, (card) => (card.id ? [card.id] : []))
  const joined = new Groups<Sighting[]>()
  cards.forEach(({ group, links, id, keys }, index) => {
    const ids = (key: string) => new Set(idsOfKey.get(key)?.flatMap((card) => card.id ?? []))
    const telling = keys.filter((key) => ids(key).size <= 1)
    const byId =
      id && isContested(cardsOfId.get(id) ?? [])
        ? [...links].map((link) => `id ${place(link, id)}`)
        : [`id ${id}`]
    joined.add(group, [
      `group ${index}`,
      ...telling.map((key) => `key ${key}`),
      ...(id ? byId : []),
    ])
  })
  return joined.all().map((each) => each.flat())
}

/** Whether two of the cards are on different links and show different keys. */
function isContested(cards: readonly Card[]): boolean {
  const [first, ...others] = cards.filter((card) => card.keys.length > 0)
  return others.some(
    ({ links, keys }) =>
      keys.every((key) => !first?.keys.includes(key)) &&
      [...links].every((link) => !first?.links.has(link)),
  )
}

function gather<T>(values: readonly T[], keysOf: (value: T) => string[]): Map<string, T[]> {
  const gathered = new Map<string, T[]>()
  for (const value of values)
    for (const key of keysOf(value)) {
      const sharing = gathered.get(key)
      if (sharing) sharing.push(value)
      else gathered.set(key, [value])
    }
  return gathered
}

/** A key shown at fe80::47 may be that of an earlier holder: it joins nothing to whoever has it now. */
function joiningKeys(group: readonly Sighting[]): string[] {
  const own = group.filter((sighting) => !speaksForHolder(sighting))
  const isKnown = own.length > 0 || group.some((sighting) => sighting.mac)
  return hostKeysOf(isKnown ? own : group)
}

/**
 * A machine without what another has shown at fe80::47, which it held before or after: a server has
 * one host key at all its addresses.
 */
function withoutForeignKeys(group: Sighting[]): Sighting[] {
  const own = new Set(hostKeysOf(group.filter((sighting) => !speaksForHolder(sighting))))
  if (own.size === 0) return group
  return group.filter(
    (sighting) =>
      !speaksForHolder(sighting) || (sighting.ssh?.hostKeys ?? []).every((key) => own.has(key)),
  )
}
