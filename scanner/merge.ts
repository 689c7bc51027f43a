import { createHash } from 'node:crypto'
import {
  type AddressKind,
  addressKind,
  eui64FromMac,
  macFromLinkLocal,
  withZone,
} from '../common/address.ts'
import type { Advertisement } from '../common/advertisement.ts'
import { staticLinkLocal } from '../common/contract.ts'
import { type Sighting, type SourceName, type SshEvidence, sourceNames } from './sighting.ts'

/** A machine on one of the operator's links. */
export interface MachineLink {
  /** The operator's interface. */
  interface: string
  mac: string | null
  eui64: string | null
  /** With zone where the address needs one; best first. */
  addresses: { address: string; kind: AddressKind }[]
}

/** Everything known of one machine: the shape of `find --json`, and whether it is an installer. */
export interface Machine {
  /** 16 hex digits; made from the MAC, or from a hash of what is known, for a machine without our agent. */
  id: string
  /** The announced host name's first label; null when nothing announced one. */
  name: string | null
  hostname: string | null
  configuredName: string | null
  user: string
  port: number
  /** The best address to reach it at. */
  target: string
  links: MachineLink[]
  sources: SourceName[]
  ssh: SshEvidence
  agent: { version: string; boot: string; os: string | null; flake: string | null } | null
  /** ISO 8601. */
  firstSeen: string
  lastSeen: string
  installer: boolean
}

/** The user that NixOS live systems have. */
const liveUser = 'nixos'
const sshPort = 22

/** Addresses from the most to the least wanted: the card's own first, the one that moves last. */
const preference: AddressKind[] = ['eui64', 'lla', 'gua', 'ula', 'ipv4', 'ipv4ll', 'static']

/**
 * Joins sightings to machines. Pure, and the order of the sightings does not matter: one MAC on
 * one link is one machine; links join by the announced id, or by an equal host key where no two
 * ids speak against it. fe80::47 and names never join anything: every installer has them.
 */
export function merge(sightings: readonly Sighting[]): Machine[] {
  const ordered = inTime(sightings)
  const macs = knownMacs(ordered)
  const shownKeys = knownKeys(ordered)
  const groups = new Groups<Sighting>()
  for (const sighting of ordered) groups.add(sighting, identitiesOf(sighting, macs, shownKeys))
  return (
    joinByHostKey(groups.all())
      .map((group) => describe(inTime(group), macs))
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
    .map((sighting) => ({ sighting, text: JSON.stringify(sighting) }))
    .sort((a, b) => a.sighting.at - b.sighting.at || compare(a.text, b.text))
    .map(({ sighting }) => sighting)
}

/** MACs by link and address. */
type Macs = ReadonlyMap<string, string>

const place = (link: string, address: string) => `${link} ${address}`

/** Which MAC an address has: the newest entry of the neighbour table, else the one inside an EUI-64 address. */
function knownMacs(ordered: readonly Sighting[]): Macs {
  const macs = new Map<string, string>()
  for (const { link, addresses, mac } of ordered)
    if (mac) for (const address of addresses) macs.set(place(link, address), mac)
  return macs
}

/** The newest host key that was shown at the static address, by link. */
function knownKeys(ordered: readonly Sighting[]): ReadonlyMap<string, string> {
  const shown = ordered.filter(speaksForHolder).flatMap(({ link, ssh }): [string, string][] => {
    const [key] = ssh?.hostKeys ?? []
    return key ? [[link, key]] : []
  })
  return new Map(shown)
}

/** Whether the static address is all that it tells of who is meant. */
function speaksForHolder({ addresses, advertisement }: Sighting): boolean {
  return !advertisement && addresses.every((address) => address === staticLinkLocal)
}

function macOf(link: string, address: string, macs: Macs): string | undefined {
  return macs.get(place(link, address)) ?? macFromLinkLocal(address)
}

/** What ties a sighting to others: its MACs, its addresses but for the static one, its announced id. */
function identitiesOf(
  sighting: Sighting,
  macs: Macs,
  shownKeys: ReadonlyMap<string, string>,
): string[] {
  const { link, advertisement } = sighting
  const own = sighting.addresses.filter((address) => address !== staticLinkLocal)
  const identities = own.flatMap((address) => {
    const mac = macOf(link, address, macs)
    return mac
      ? [`address ${place(link, address)}`, `mac ${place(link, mac)}`]
      : [`address ${place(link, address)}`]
  })
  if (advertisement) identities.push(`id ${advertisement.id}`)
  if (identities.length > 0) return identities
  // Only the static address: it speaks for whoever holds it now; of unknown MAC, by its host key.
  const holder = sighting.mac ?? macs.get(place(link, staticLinkLocal))
  if (holder) return [`mac ${place(link, holder)}`]
  return [`holder ${place(link, sighting.ssh?.hostKeys[0] ?? shownKeys.get(link) ?? '')}`]
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

/** Links without any id but with the host key of a machine are links of that machine, unless two ids would meet. */
function joinByHostKey(groups: readonly Sighting[][]): Sighting[][] {
  const joined = new Groups<Sighting[]>()
  const idsOfKey = new Map<string, Set<string>>()
  const facts = groups.map((group) => ({ group, id: idOf(group), keys: joiningKeys(group) }))
  for (const { id, keys } of facts)
    for (const key of keys) {
      const ids = idsOfKey.get(key) ?? new Set()
      if (id) ids.add(id)
      idsOfKey.set(key, ids)
    }
  facts.forEach(({ group, keys }, index) => {
    const telling = keys.filter((key) => (idsOfKey.get(key)?.size ?? 0) <= 1)
    joined.add(group, [...telling.map((key) => `key ${key}`), `group ${index}`])
  })
  return joined.all().map((each) => each.flat())
}

/** A key shown at fe80::47 may be that of an earlier holder: it joins nothing to whoever has it now. */
function joiningKeys(group: readonly Sighting[]): string[] {
  const own = group.filter((sighting) => !speaksForHolder(sighting))
  const isKnown = own.length > 0 || group.some((sighting) => sighting.mac)
  return hostKeysOf(isKnown ? own : group)
}

function idOf(group: readonly Sighting[]): string | undefined {
  return group.find((sighting) => sighting.advertisement)?.advertisement?.id
}

function hostKeysOf(group: readonly Sighting[]): string[] {
  return [...new Set(group.flatMap((sighting) => sighting.ssh?.hostKeys ?? []))]
}

function describe(ordered: readonly Sighting[], macs: Macs): Machine {
  const newestFirst = [...ordered].reverse()
  const latest = <T>(read: (sighting: Sighting) => T | undefined): T | undefined =>
    newestFirst.map(read).find((value) => value !== undefined)
  const advertisement = latest((sighting) => sighting.advertisement)
  // The service names the host that it runs on; a host has other names beside.
  const fromService = latest((sighting) => (sighting.port ? sighting.name : undefined))
  const name = fromService ?? latest((sighting) => sighting.name) ?? null
  const ssh = sshOf(ordered)
  const links = linksOf(ordered, macs)
  return {
    id: advertisement?.id ?? madeUpId(links, ssh),
    name,
    hostname: name && `${name}.local`,
    configuredName: advertisement?.host || name,
    user: advertisement?.user || liveUser,
    port: latest((sighting) => sighting.port) ?? sshPort,
    target: bestAddress(answering(links, ordered)),
    links,
    sources: sourceNames.filter((source) => ordered.some((each) => each.source === source)),
    ssh,
    agent: advertisement ? agentOf(advertisement) : null,
    firstSeen: new Date(ordered[0]?.at ?? 0).toISOString(),
    lastSeen: new Date(ordered.at(-1)?.at ?? 0).toISOString(),
    installer: ordered.some((each) => each.installer),
  }
}

function agentOf({ agent, boot, os, flake }: Advertisement): Machine['agent'] {
  return { version: agent, boot, os: os ?? null, flake: flake ?? null }
}

function sshOf(ordered: readonly Sighting[]): SshEvidence {
  const probes = ordered.flatMap((sighting) => sighting.ssh ?? [])
  return {
    reachable: probes.some((probe) => probe.reachable),
    banner: probes.findLast((probe) => probe.banner !== null)?.banner ?? null,
    hostKeys: hostKeysOf(ordered),
  }
}

/** A card of the machine as it is being put together. */
interface Card {
  link: string
  mac: string | null
  addresses: Set<string>
}

/**
 * One entry a card that was seen on one of our interfaces, with the addresses that it holds there.
 * An address of unknown MAC belongs to the card of the sighting's other addresses, else to the
 * machine's first card on the link. fe80::47 counts only for the card that holds it.
 */
function linksOf(ordered: readonly Sighting[], macs: Macs): MachineLink[] {
  const cards = new Map<string, Card>()
  const macOn = firstMacs(ordered, macs)
  for (const sighting of ordered) {
    const { link } = sighting
    const own = macsOf(sighting, macs)[0] ?? macOn.get(link) ?? null
    for (const address of sighting.addresses) {
      const holder = macOf(link, address, macs)
      if (address === staticLinkLocal && holder && holder !== own) continue
      const mac = holder ?? own
      const key = place(link, mac ?? '')
      const card = cards.get(key) ?? { link, mac, addresses: new Set() }
      cards.set(key, card)
      card.addresses.add(address)
    }
  }
  return [...cards.values()]
    .sort((a, b) => compare(a.link, b.link) || compare(a.mac ?? '', b.mac ?? ''))
    .map(toMachineLink)
}

/**
 * The MACs of a sighting's own addresses, as they are known now: one that has moved to another card
 * tells nothing of its former. Who holds the static address is not for others to say.
 */
function macsOf({ link, addresses, mac }: Sighting, macs: Macs): string[] {
  const own = addresses.filter((address) => address !== staticLinkLocal)
  if (own.length === 0) return mac ? [mac] : []
  return own.flatMap((address) => macOf(link, address, macs) ?? [])
}

/** The machine's lowest MAC on each link. */
function firstMacs(ordered: readonly Sighting[], macs: Macs): Map<string, string> {
  const first = new Map<string, string>()
  for (const sighting of ordered)
    for (const mac of macsOf(sighting, macs)) {
      const before = first.get(sighting.link)
      if (before === undefined || mac < before) first.set(sighting.link, mac)
    }
  return first
}

function toMachineLink({ link, mac, addresses }: Card): MachineLink {
  return {
    interface: link,
    mac,
    eui64: mac && eui64FromMac(mac),
    addresses: [...addresses]
      .map((address) => ({ address: withZone(address, link), kind: addressKind(address) }))
      .sort((a, b) => byPreference(a, b) || compare(a.address, b.address)),
  }
}

function byPreference(a: { kind: AddressKind }, b: { kind: AddressKind }): number {
  return preference.indexOf(a.kind) - preference.indexOf(b.kind)
}

/**
 * The cards at which a server proved a host key, else those at which one spoke, else all: others may
 * be of somebody who only claims to be this machine.
 */
function answering(links: readonly MachineLink[], ordered: readonly Sighting[]): MachineLink[] {
  const where = (holds: (ssh: SshEvidence) => boolean) => {
    const places = ordered.flatMap(({ link, addresses, ssh }) =>
      ssh && holds(ssh) ? addresses.map((each) => withZone(each, link)) : [],
    )
    return links.filter((link) => link.addresses.some((each) => places.includes(each.address)))
  }
  const choices = [where((ssh) => ssh.hostKeys.length > 0), where((ssh) => ssh.reachable)]
  return choices.find((cards) => cards.length > 0) ?? [...links]
}

function bestAddress(links: readonly MachineLink[]): string {
  // Array.sort is stable: of equal kinds the first link's address comes first.
  const [best] = links.flatMap((link) => link.addresses).sort(byPreference)
  return best?.address ?? ''
}

/** For a machine that announces no id: its first MAC's EUI-64; without a MAC a hash of what sets it apart. */
function madeUpId(links: readonly MachineLink[], ssh: SshEvidence): string {
  const [eui64] = links.flatMap((link) => link.eui64 ?? []).sort()
  if (eui64) return eui64
  const telling = ssh.hostKeys[0] ?? bestAddress(links)
  return createHash('sha256').update(telling).digest('hex').slice(0, 16)
}
