import { linkLocalFromMac } from '../../common/address.ts'
import { type Link, matchesGlob } from '../../common/links.ts'

/** An address that an installer wants on a link; both kinds are link-local and /64. */
export interface DesiredAddress {
  address: string
  /**
   * Deprecated addresses are reached but never spoken from (RFC 4862 section 5.5.4). With a
   * plain fe80::47 every machine would answer from fe80::47, and look like every other.
   */
  deprecated: boolean
}

/**
 * Whether the agent works on a link: it is running, can multicast, has a 48-bit MAC, and is not
 * a port of a bridge or bond, whose addresses belong to the master.
 */
export function isServed(link: Link, globs: readonly string[]): boolean {
  const suitable =
    link.running && link.multicast && !link.loopback && !link.enslaved && link.mac !== undefined
  return suitable && isWanted(link, globs)
}

/** Whether the agent was told to see to a link of this name; without patterns, to every one. */
export function isWanted({ name }: Link, globs: readonly string[]): boolean {
  return globs.length === 0 || globs.some((glob) => matchesGlob(name, glob))
}

/** The EUI-64 link-local address of the card, and the static one unless it is turned off. */
export function desiredAddresses(link: Link, staticAddress: string | undefined): DesiredAddress[] {
  if (link.mac === undefined) return []
  const own = { address: linkLocalFromMac(link.mac), deprecated: false }
  return staticAddress ? [own, { address: staticAddress, deprecated: true }] : [own]
}
