import { type Advertisement, hostLabel } from '../common/advertisement.ts'
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

/** What a search wants to know. */
export interface Question {
  /** Host names without `.local`, asked for by mDNS; who answers for one is an installer. */
  names: string[]
  /** For what goes wrong and does not end the source. */
  warn(sentence: string): void
}

/** One round of one source on one link: it ends by itself when all who will answer have had the time. */
export type Source = (
  link: Link,
  question: Question,
  signal: AbortSignal,
) => AsyncIterable<Sighting>

/** The first label of `NixOS.local`, or undefined when it is not a host name that may be shown and typed. */
export function hostLabelOf(name: string): string | undefined {
  const label = name.replace(/\.local\.?$/i, '')
  return hostLabel.test(label) ? label : undefined
}

export function isAskedFor(label: string, { names }: Pick<Question, 'names'>): boolean {
  return names.some((name) => name.toLowerCase() === label.toLowerCase())
}
