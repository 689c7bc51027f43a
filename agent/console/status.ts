import {
  type AddressKind,
  addressKind,
  addressPreference,
  eui64FromMac,
} from '../../common/address.ts'
import type { Link } from '../../common/links.ts'
import type { AddressState } from '../addresses/link-addresses.ts'
import type { HeldNames } from '../mdns/names.ts'

/** What the running agent tells of itself: `installer-agent status --json`, docs/status.schema.json. */
export interface AgentStatus {
  /** Of the form of this document. */
  version: 1
  agent: { version: string; pid: number; started: string; boot: string }
  /** The machine's, as announced; null while it has no card. */
  id: string | null
  /** The host name asked for, also where a link knows the machine by another. */
  configuredName: string
  user: string
  port: number
  /** Fingerprints as announced. */
  hostKeys: string[]
  links: LinkStatus[]
}

export interface LinkStatus {
  interface: string
  mac: string | null
  eui64: string | null
  /** The host name claimed here now: the configured one, or what took its place after a conflict. */
  hostname: string
  names: NameStatus[]
  /** How often a name was found taken. */
  conflicts: number
  /** Best first. */
  addresses: AddressStatus[]
  /** Null when the agent was told to hold none. */
  static: StaticStatus | null
  /** Sums over IPv4 and IPv6 since the link is served. */
  packets: Packets
  /** What is wrong with the link now, in sentences. */
  complaints: string[]
}

export interface NameStatus {
  name: string
  family: Family
  /** `lost`: another machine has it, and this one has given it up. */
  state: 'probing' | 'held' | 'lost'
}

export interface AddressStatus {
  address: string
  kind: AddressKind
  state: 'usable' | 'tentative' | 'duplicate' | 'missing'
  /** The agent added it, and takes it away at the end. */
  ours: boolean
}

export interface StaticStatus {
  address: string
  /** `taken`: another machine on the link holds it. `none`: it is not on the link, nor being added. */
  state: 'held' | 'taken' | 'tentative' | 'none'
  /** Milliseconds until it is claimed again; null when no time is set. */
  retryInMs: number | null
}

export interface Packets {
  received: number
  malformed: number
  answered: number
  sent: number
}

/** What one responder knows of itself. */
export interface ResponderStatus {
  family: Family
  /** Those claimed; none while the link has no address of this family to speak from. */
  names: { name: string; state: 'probing' | 'held' }[]
  packets: Packets
}

type Family = 'IPv4' | 'IPv6'

/** Who can be asked, and who tells that there is something new to ask for. */
export interface StatusSource {
  status(): AgentStatus
  onChange: () => void
}

export interface LinkFacts {
  link: Link
  /** The addresses that the agent keeps there. */
  kept: readonly AddressState[]
  staticAddress: string | undefined
  configuredName: string
  names: HeldNames
  conflicts: number
  responders: readonly ResponderStatus[]
  complaints: string[]
}

export function linkStatus(facts: LinkFacts): LinkStatus {
  const { link, names, responders, staticAddress } = facts
  const addresses = addressStates(facts)
  return {
    interface: link.name,
    mac: link.mac ?? null,
    eui64: link.mac ? eui64FromMac(link.mac) : null,
    hostname: `${names.host}.local`,
    names: responders.flatMap((responder) => nameStates(facts, responder)),
    conflicts: facts.conflicts,
    addresses,
    static: staticAddress ? staticState(staticAddress, facts) : null,
    packets: responders.map((each) => each.packets).reduce(sum, noPackets),
    complaints: facts.complaints,
  }
}

function addressStates({ link, kept }: Pick<LinkFacts, 'link' | 'kept'>): AddressStatus[] {
  const own = new Set(kept.filter((each) => each.own).map(({ address }) => address))
  const present = link.addresses.map(({ address, ...flags }): AddressStatus => {
    const state = flags.dadFailed ? 'duplicate' : flags.tentative ? 'tentative' : 'usable'
    return { address, kind: addressKind(address), state, ours: own.has(address) }
  })
  const missing = kept
    .filter((wanted) => !link.addresses.some(({ address }) => address === wanted.address))
    .map(({ address }): AddressStatus => {
      return { address, kind: addressKind(address), state: 'missing', ours: false }
    })
  const rank = ({ kind }: AddressStatus) => addressPreference.indexOf(kind)
  return [...present, ...missing].sort((a, b) => rank(a) - rank(b))
}

const staticStates = {
  usable: 'held',
  tentative: 'tentative',
  duplicate: 'taken',
  missing: 'none',
} as const

function staticState(address: string, { link, kept }: LinkFacts): StaticStatus {
  const present = addressStates({ link, kept }).find((each) => each.address === address)
  const retryIn = kept.find((each) => each.address === address)?.retryIn
  return { address, state: staticStates[present?.state ?? 'missing'], retryInMs: retryIn ?? null }
}

/** The host names of one family: those claimed, and the configured one where it was given up. */
function nameStates(
  { configuredName, names }: LinkFacts,
  { family, names: claimed }: ResponderStatus,
): NameStatus[] {
  if (claimed.length === 0) return []
  const hosts = claimed.filter(({ name }) => name.split('.').length === 2)
  const isLost = ![names.host, names.unique].includes(configuredName)
  const lost = { name: `${configuredName}.local`, family, state: 'lost' as const }
  return [...(isLost ? [lost] : []), ...hosts.map((each) => ({ ...each, family }))]
}

const noPackets: Packets = { received: 0, malformed: 0, answered: 0, sent: 0 }

function sum(a: Packets, b: Packets): Packets {
  return {
    received: a.received + b.received,
    malformed: a.malformed + b.malformed,
    answered: a.answered + b.answered,
    sent: a.sent + b.sent,
  }
}

/** Addresses of a link that others can reach. */
export function usableAddresses({ addresses }: Pick<LinkStatus, 'addresses'>): string[] {
  return addresses.filter(({ state }) => state === 'usable').map(({ address }) => address)
}
