import {
  type AddressKind,
  addressKind,
  addressPreference,
  eui64FromMac,
} from '../common/address.ts'
import type { Link } from '../common/links.ts'
import type { DesiredAddress } from './desired-addresses.ts'
import type { HeldNames } from './names.ts'

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
  /** `silent`: the link has no address of this family to speak from. */
  state: 'silent' | 'probing' | 'held'
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
  /** What the agent wants there. */
  desired: readonly DesiredAddress[]
  /** Addresses that it added. */
  added: ReadonlySet<string>
  staticAddress: string | undefined
  retryInMs?: number | undefined
  configuredName: string
  names: HeldNames
  conflicts: number
  responders: readonly ResponderStatus[]
  complaints: Iterable<string>
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
    static: staticAddress ? staticState(staticAddress, addresses, facts.retryInMs) : null,
    packets: responders.map((each) => each.packets).reduce(sum, noPackets),
    complaints: [...facts.complaints],
  }
}

function addressStates({ link, desired, added }: LinkFacts): AddressStatus[] {
  const present = link.addresses.map(({ address, ...flags }): AddressStatus => {
    const state = flags.dadFailed ? 'duplicate' : flags.tentative ? 'tentative' : 'usable'
    return { address, kind: addressKind(address), state, ours: added.has(address) }
  })
  const missing = desired
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

function staticState(
  address: string,
  addresses: readonly AddressStatus[],
  retryInMs: number | undefined,
): StaticStatus {
  const state = addresses.find((each) => each.address === address)?.state ?? 'missing'
  return { address, state: staticStates[state], retryInMs: retryInMs ?? null }
}

/** The names of one family: those claimed, and the configured one where it was given up. */
function nameStates(
  { configuredName, names }: LinkFacts,
  { family, state }: ResponderStatus,
): NameStatus[] {
  if (state === 'silent') return []
  const claimed = [...new Set([names.host, names.unique])]
  const lost = claimed.includes(configuredName) ? [] : [configuredName]
  const named = (label: string, state: NameStatus['state']) => ({
    name: `${label}.local`,
    family,
    state,
  })
  return [
    ...lost.map((label) => named(label, 'lost')),
    ...claimed.map((label) => named(label, state)),
  ]
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
