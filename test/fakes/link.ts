import type { Link, LinkAddress } from '../../common/links.ts'

/** A card with carrier, MAC 52:54:00:12:34:56 and no address, but for what is given. */
export function fakeLink(over: Partial<Link> = {}): Link {
  return {
    index: 2,
    name: 'eno1',
    mac: '52:54:00:12:34:56',
    mtu: 1500,
    running: true,
    carrierChanges: 1,
    multicast: true,
    loopback: false,
    enslaved: false,
    physical: true,
    addresses: [],
    ...over,
  }
}

/** A usable address of a /64, but for what is given. */
export function fakeAddress(address: string, over: Partial<LinkAddress> = {}): LinkAddress {
  const state = { tentative: false, dadFailed: false, deprecated: false, metric: undefined }
  return { address, prefixLength: 64, ...state, ...over }
}
