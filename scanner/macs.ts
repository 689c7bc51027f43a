import { macFromLinkLocal } from '../common/address.ts'
import type { Sighting } from './sighting.ts'

/** MACs by link and address; undefined for an address that tells none. */
export type Macs = ReadonlyMap<string, string | undefined>

/** One address, or one MAC, on one link. */
export const place = (link: string, address: string) => `${link} ${address}`

/** Which MAC each address has: the newest entry of the neighbour table, else the one inside an EUI-64 address. */
export function knownMacs(ordered: readonly Sighting[]): Macs {
  const macs = new Map<string, string | undefined>()
  for (const { link, addresses, mac } of ordered)
    if (mac) for (const address of addresses) macs.set(place(link, address), mac)
  // Once for each address: to take one apart costs more than all else that is done with it.
  for (const { link, addresses } of ordered)
    for (const address of addresses) {
      const at = place(link, address)
      if (!macs.has(at)) macs.set(at, macFromLinkLocal(address))
    }
  return macs
}

export function macOf(link: string, address: string, macs: Macs): string | undefined {
  return macs.get(place(link, address))
}
