import { networkInterfaces } from 'node:os'
import { inPrefix, isIPv4, isLinkLocal6, normalizeAddress, normalizeMac } from './address.ts'
import { showAddresses } from './address-show.ts'
import { firstLine } from './command.ts'
import { Failure } from './failure.ts'

export interface LinkAddress {
  address: string
  prefixLength: number
  /** Duplicate address detection still runs (RFC 4862 section 5.4), or has failed. */
  tentative: boolean
  dadFailed: boolean
  /** Not to be used as a source (RFC 4862 section 5.5.4). */
  deprecated: boolean
  /** Priority of its prefix route, where whoever added it set one explicitly (IFA_RT_PRIORITY). */
  metric: number | undefined
}

/** One network interface and the segment behind it, as the kernel has it now. */
export interface Link {
  index: number
  /** Interface name: the zone of its link-local addresses. */
  name: string
  /** 48-bit MAC; undefined on links without (tunnels, loopback). */
  mac: string | undefined
  mtu: number
  /** Administratively up, with carrier, and not dormant: a Wi-Fi or 802.1X port that may not speak yet. */
  running: boolean
  /** How often the carrier came or went: another number at the next look is a flap in between. */
  carrierChanges: number
  multicast: boolean
  loopback: boolean
  /** Bridge port or member of a bond or team: the addresses belong to its master. */
  enslaved: boolean
  /** Backed by a device on a bus, not made by software. */
  physical: boolean
  addresses: LinkAddress[]
  /** What sort of software device it is (`bridge`, `veth`, `vlan`, ...), for a tun device `tun` or `tap`; undefined for a card. */
  kind?: string
  /** The bridge, bond or team that it is a port of. */
  master?: string
  /** The link that it is stacked on (VLAN, macvlan), if that is in sight. */
  over?: string
  /** What people call it, where `name` is a number (Windows). */
  label?: string
}

/** What `ip -s -s -d -j address show` prints of a link, as far as it is used; every field may be missing. */
interface IpLink {
  ifindex?: number
  ifname?: string
  flags?: string[]
  mtu?: number
  operstate?: string
  address?: string
  link_type?: string
  parentbus?: string
  stats64?: { tx?: { carrier_changes?: number } }
  master?: string
  link?: string
  linkinfo?: { info_kind?: string; info_data?: { type?: string }; info_slave_kind?: string }
  addr_info?: IpAddress[]
}
interface IpAddress {
  local?: string
  prefixlen?: number
  tentative?: boolean
  dadfailed?: boolean
  deprecated?: boolean
  metric?: number
}

/** Reads the present links from the kernel. Throws a Failure when `ip` is missing or fails. */
export async function readLinks(
  signal?: AbortSignal,
  shown = showAddresses(signal),
): Promise<Link[]> {
  const { status, stdout, stderr } = await shown
  if (status !== 0)
    throw new Failure(
      `'ip address show' ended with status ${status}: ${firstLine(stderr)}`,
      // Only an `ip` that does not know the options will never do.
      /invalid|unrecogni[sz]ed|usage/i.test(stderr) ? { advice: rightIp } : {},
    )
  return parseLinks(stdout)
}

const rightIp = 'install iproute2 4.14 or later: busybox ip has no -j'

/** Parses the output of `ip -s -s -d -j address show`; throws a Failure when it is no JSON. */
export function parseLinks(json: string): Link[] {
  let entries: IpLink[]
  try {
    entries = JSON.parse(json || '[]') as IpLink[]
  } catch (cause) {
    throw new Failure("expected JSON from 'ip -j address show', got something else", {
      advice: rightIp,
      cause,
    })
  }
  return entries.filter((entry) => entry.ifname).map(parseLink)
}

function parseLink(entry: IpLink): Link {
  const flags = new Set(entry.flags)
  return {
    index: entry.ifindex ?? 0,
    name: entry.ifname ?? '',
    mac: entry.link_type === 'ether' ? normalizeMac(entry.address ?? '') : undefined,
    mtu: entry.mtu ?? 1280,
    running: flags.has('UP') && flags.has('LOWER_UP') && entry.operstate !== 'DORMANT',
    carrierChanges: entry.stats64?.tx?.carrier_changes ?? 0,
    multicast: flags.has('MULTICAST'),
    loopback: flags.has('LOOPBACK'),
    enslaved: /^(bridge|bond|team)$/.test(entry.linkinfo?.info_slave_kind ?? ''),
    physical: entry.parentbus !== undefined,
    addresses: (entry.addr_info ?? []).flatMap(parseLinkAddress),
    ...stackOf(entry),
  }
}

/** Of what kind it is, and how it hangs together with others. */
function stackOf({ linkinfo, master, link }: IpLink): Pick<Link, 'kind' | 'master' | 'over'> {
  const { info_kind, info_data } = linkinfo ?? {}
  const kind = info_kind === 'tun' ? info_data?.type : info_kind
  return { ...(kind && { kind }), ...(master && { master }), ...(link && { over: link }) }
}

function parseLinkAddress(entry: IpAddress): LinkAddress[] {
  const address = normalizeAddress(entry.local ?? '')
  if (!address) return []
  return [
    {
      address,
      prefixLength: entry.prefixlen ?? (isIPv4(address) ? 32 : 128),
      tentative: entry.tentative ?? false,
      dadFailed: entry.dadfailed ?? false,
      deprecated: entry.deprecated ?? false,
      metric: entry.metric,
    },
  ]
}

/** The same from Node's own view, which knows neither carrier nor DAD: for systems without `ip`. */
export function readLinksFromNode(): Link[] {
  return Object.entries(networkInterfaces()).map(([name, entries = []]) => ({
    index: entries.find((entry) => entry.family === 'IPv6')?.scopeid ?? 0,
    name,
    mac: normalizeMac(entries[0]?.mac ?? ''),
    mtu: 1280,
    running: true,
    carrierChanges: 0,
    multicast: true,
    loopback: entries.some((entry) => entry.internal),
    enslaved: false,
    physical: false,
    addresses: entries.flatMap((entry) =>
      parseLinkAddress({ local: entry.address, prefixlen: Number(entry.cidr?.split('/')[1]) }),
    ),
  }))
}

/** An address that may be spoken to: DAD is over and has not failed. */
export function isUsable(address: LinkAddress): boolean {
  return !address.tentative && !address.dadFailed
}

/** The link's own IPv6 link-local address to speak from: usable, and rather not a deprecated one. */
export function ownLinkLocal(link: Link): string | undefined {
  const usable = link.addresses.filter((each) => isLinkLocal6(each.address) && isUsable(each))
  return (usable.find((each) => !each.deprecated) ?? usable[0])?.address
}

/** The link's first IPv4 address to speak from. */
export function ownIPv4(link: Link): string | undefined {
  return link.addresses.find((each) => isIPv4(each.address))?.address
}

/** Whether an address lies in one of the link's prefixes. */
export function isOnLink(link: Link, address: string): boolean {
  return link.addresses.some((each) => inPrefix(address, each.address, each.prefixLength))
}

/**
 * Whether a sender is on the link itself (RFC 6762 sections 5.5 and 11): link-local, or in one of
 * the link's prefixes. Who answers others as well lends himself to floods against a third.
 */
export function isFromLink(link: Link, sender: string): boolean {
  return isLinkLocal6(sender) || isOnLink(link, sender)
}

/** Interface name patterns as shells have them: `*` and `?`. */
export function matchesGlob(name: string, glob: string): boolean {
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${pattern}$`).test(name)
}
