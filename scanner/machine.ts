import {
  type AddressKind,
  addressKind,
  addressPreference,
  eui64FromMac,
  withZone,
} from '../common/address.ts'
import type { Advertisement } from '../common/advertisement.ts'
import { staticLinkLocal } from '../common/contract.ts'
import { sha256 } from '../common/hash.ts'
import { type Macs, macOf, place } from './macs.ts'
import {
  lastingAddresses,
  type Sighting,
  type SourceName,
  type SshEvidence,
  sourceNames,
} from './sighting.ts'

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
  /** Fingerprints that it announces: a hint, to be held against the key that its server shows. */
  announcedKeys: string[]
}

/**
 * Whether an address of its own is known; whoever shows but the static one is most often somebody of
 * whom more is known already, as soon as the kernel, or the host key, tells whose address that is.
 */
export function hasOwnAddress({ links }: Pick<Machine, 'links'>): boolean {
  return links.some((link) => link.addresses.some(({ kind }) => kind !== 'static'))
}

/** The user that NixOS live systems have. */
const liveUser = 'nixos'
const sshPort = 22

/** What the sightings of one machine, oldest first, tell of it. */
export function describe(ordered: readonly Sighting[], macs: Macs): Machine {
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
    target: bestAddress(answering(links, ordered), deadEnds(ordered)),
    links,
    sources: sourceNames.filter((source) => ordered.some((each) => each.source === source)),
    ssh,
    agent: advertisement ? agentOf(advertisement) : null,
    firstSeen: new Date(ordered[0]?.at ?? 0).toISOString(),
    lastSeen: new Date(ordered.at(-1)?.at ?? 0).toISOString(),
    installer: ordered.some((each) => each.installer),
    announcedKeys: advertisement?.hostKeys ?? [],
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
 * An address of unknown MAC belongs to the card that it was last told of with, else to the machine's
 * first card on the link. fe80::47 counts only for the card that holds it.
 */
function linksOf(ordered: readonly Sighting[], macs: Macs): MachineLink[] {
  const cards = new Map<string, Card>()
  const macOn = firstMacs(ordered, macs)
  const toldWith = companions(ordered, macs)
  for (const sighting of ordered) {
    const { link } = sighting
    const own = macsOf(sighting, macs)[0] ?? macOn.get(link) ?? null
    for (const address of sighting.addresses) {
      const holder = macOf(link, address, macs)
      if (address === staticLinkLocal && holder && holder !== own) continue
      const mac = holder ?? toldWith.get(place(link, address)) ?? own
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

/** By place: the MAC of the card whose address an address was last told of with. */
function companions(ordered: readonly Sighting[], macs: Macs): Map<string, string> {
  const known = new Map<string, string>()
  for (const sighting of ordered) {
    const [mac] = macsOf(sighting, macs)
    if (mac) for (const address of sighting.addresses) known.set(place(sighting.link, address), mac)
  }
  return known
}

/**
 * The MACs of a sighting's own addresses, as they are known now: one that has moved to another card
 * tells nothing of its former. Who holds the static address is not for others to say.
 */
function macsOf(sighting: Sighting, macs: Macs): string[] {
  const { link, mac } = sighting
  const own = lastingAddresses(sighting)
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
  return addressPreference.indexOf(a.kind) - addressPreference.indexOf(b.kind)
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

/** Addresses at which no ssh server answered, with zone. */
function deadEnds(ordered: readonly Sighting[]): ReadonlySet<string> {
  const probed = ordered.flatMap(({ link, addresses, ssh }) =>
    ssh ? addresses.map((address) => ({ place: withZone(address, link), ...ssh })) : [],
  )
  const reached = new Set(probed.filter((each) => each.reachable).map((each) => each.place))
  return new Set(probed.map((each) => each.place).filter((each) => !reached.has(each)))
}

function bestAddress(links: readonly MachineLink[], avoided: ReadonlySet<string>): string {
  // Even where no server answered, an address of its own is better than the one that moves.
  const rank = ({ address, kind }: { address: string; kind: AddressKind }) =>
    kind === 'static' ? 2 : Number(avoided.has(address))
  // Array.sort is stable: of equal ones the first link's address comes first.
  const addresses = links.flatMap((link) => link.addresses)
  const [best] = addresses.sort((a, b) => rank(a) - rank(b) || byPreference(a, b))
  return best?.address ?? ''
}

/** For a machine that announces no id: its first MAC's EUI-64; without a MAC a hash of what sets it apart. */
function madeUpId(links: readonly MachineLink[], ssh: SshEvidence): string {
  const [eui64] = links.flatMap((link) => link.eui64 ?? []).sort()
  if (eui64) return eui64
  const telling = ssh.hostKeys[0] ?? bestAddress(links, new Set())
  return sha256(telling).toString('hex').slice(0, 16)
}

export function hostKeysOf(group: readonly Sighting[]): string[] {
  return [...new Set(group.flatMap((sighting) => sighting.ssh?.hostKeys ?? []))]
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
