import { macFromLinkLocal } from '../common/address.ts'
import type { Sighting } from './sighting.ts'

/** MACs by link and address. */
export type Macs = ReadonlyMap<string, string>

/** One address, or one MAC, on one link. */
export const place = (link: string, address: string) => `${link} ${address}`

/** Which MAC an address has: the newest entry of the neighbour table, else the one inside an EUI-64 address. */
export function knownMacs(ordered: readonly Sighting[]): Macs {
  const macs = new Map<string, string>()
  for (const { link, addresses, mac } of ordered)
    if (mac) for (const address of addresses) macs.set(place(link, address), mac)
  return macs
}

export function macOf(link: string, address: string, macs: Macs): string | undefined {
  return macs.get(place(link, address)) ?? macFromLinkLocal(address)
}
