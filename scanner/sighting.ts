import { isHostIn } from '../common/address.ts'
import { type Advertisement, hostLabel } from '../common/advertisement.ts'
import { staticLinkLocal } from '../common/contract.ts'
import type { Link } from '../common/links.ts'

/** The ways to get evidence of a machine, in the order in which they are shown. */
export const sourceNames = ['mdns', 'service', 'neighbour', 'static', 'ssh'] as const
export type SourceName = (typeof sourceNames)[number]

/** One piece of evidence from one source. Everything in it came off the wire: it is a hint, never proof. */
export interface Sighting {
  source: SourceName
  /** The operator's interface: the zone of the addresses. */
  link: string
  /** Milliseconds since the epoch. */
  at: number
  /** Addresses of one machine, normalized, without zone. */
  addresses: string[]
  mac?: string
  /** First label of the host name. */
  name?: string
  /** Port of its ssh server. */
  port?: number
  /** It says, or shows, that it is an installer. */
  installer?: boolean
  advertisement?: Advertisement
  ssh?: SshEvidence
}

export interface SshEvidence {
  reachable: boolean
  banner: string | null
  hostKeys: string[]
}

/** Its addresses that cannot move to another machine: all but fe80::47. */
export function lastingAddresses({ addresses }: Pick<Sighting, 'addresses'>): string[] {
  return addresses.filter((address) => address !== staticLinkLocal)
}

/** What a search wants to know. */
export interface Question {
  /** Host names without `.local`, asked for by mDNS; who answers for one is an installer. */
  names: string[]
  /** For what goes wrong and does not end the source. */
  warn(sentence: string): void
}

/** A responder names the addresses of one link; no machine has more there. */
const maxAddresses = 32

/**
 * What may be believed of the addresses that somebody announced: those that a machine on this link
 * can have, and that are not our own. Loopback, multicast and whatever lies behind a router would
 * lead a connection elsewhere. Undefined when none is left.
 */
export function onLink(sighting: Sighting, link: Link): Sighting | undefined {
  const isOwn = (address: string) => link.addresses.some((each) => each.address === address)
  const canBeThere = (address: string) =>
    isHostIn(address, 'fe80::', 64) ||
    link.addresses.some((each) => isHostIn(address, each.address, each.prefixLength))
  const addresses = sighting.addresses
    .slice(0, maxAddresses)
    .filter((address) => !isOwn(address) && canBeThere(address))
  return addresses.length > 0 ? { ...sighting, addresses } : undefined
}

/** A host name as people type it, `nixos.local` or `nixos.local.`, without that end (RFC 6762 section 3). */
export function withoutLocal(name: string): string {
  return name.replace(/\.local\.?$/i, '')
}

/** The first label of `NixOS.local`, or undefined when it is not a host name that may be shown and typed. */
export function hostLabelOf(name: string): string | undefined {
  const label = withoutLocal(name)
  return hostLabel.test(label) ? label : undefined
}

/** `nixos.local` of `nixos-1ae4b7.local`, which beside it is our agent's second name for one machine. */
export function firstName(host: string): string {
  return host.replace(/-[0-9a-f]{6}\.local$/, '.local')
}

export function isAskedFor(label: string, { names }: Pick<Question, 'names'>): boolean {
  return names.some((name) => name.toLowerCase() === label.toLowerCase())
}
