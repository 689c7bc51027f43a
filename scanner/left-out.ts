import { type Link, ownIPv4, ownLinkLocal } from '../common/links.ts'

/** Software devices (rtnetlink's IFLA_INFO_KIND) that lead into a tunnel: no cable is behind them. */
const tunnels =
  /^(tun|wireguard|gre|gretap|ip6gre|ip6gretap|erspan|ip6erspan|ipip|sit|ip6tnl|vti6?|xfrm|ppp|vxlan|geneve|bareudp)$/
/** Those behind which there is nothing at all. */
const deadEnds = /^(dummy|ifb|nlmon|vrf|vcan|vxcan|netdevsim)$/
/** Those that share the segment of the link below them. */
const sharers = /^(macvlan|ipvlan|macvtap|ipvtap)$/

/** What container engines and virtual machines call their bridges ... */
const containerBridges = /^(docker|podman|cni|cbr|lxcbr|lxdbr|incusbr|virbr|br-[0-9a-f]{12}$)/
/** ... and the ends of their cables: a test's or a person's own cable has another name. */
const containerPorts = /^(veth|vnet|cali|lxc|ve-|vb-|vif)/
/** Names that say as much where nothing tells the kind: macOS, Windows, an old iproute2. */
export const madeUpNames =
  /^(docker|podman|veth|virbr|vnet|vmnet|vmenet|lxc|lxdbr|cni|cali|flannel|tailscale|zt|wg|tun|tap|utun|gif|stf|awdl|llw|anpi|bridge\d|vEthernet \(|Loopback Pseudo|br-[0-9a-f]{12}$)/

/**
 * Why a link is not searched unless `--interface` names it, in words that follow "it ..."; undefined
 * when it is searched. By what it is rather than by its name, as far as the kernel tells: whatever
 * carries the cable to another machine, be it a VLAN, a bridge or a bond, is searched, and its ports are not.
 */
export function whyLeftOut(link: Link, links: readonly Link[]): string | undefined {
  return whyNoise(link, links) ?? whyMute(link)
}

/** Why no installer is on it. */
export function whyNoise(link: Link, links: readonly Link[]): string | undefined {
  const { kind, name, label = name } = link
  if (link.loopback) return 'leads back to this machine'
  if (link.enslaved) return `is a port of ${link.master ?? 'another link'}, which has the addresses`
  if (kind === undefined)
    return !link.physical && madeUpNames.test(label)
      ? 'is made for containers, virtual machines or a tunnel, by its name'
      : undefined
  if (tunnels.test(kind)) return `is a tunnel (${kind}), and no cable`
  if (kind === 'tap') return 'is made by a virtual machine or a VPN (tap)'
  if (deadEnds.test(kind)) return `has nothing behind it (${kind})`
  if (kind === 'veth' && containerPorts.test(name)) return 'leads to a container (veth)'
  if (kind === 'bridge' && isContainerBridge(link, links))
    return 'is a bridge of containers or virtual machines: no network card is a port of it'
  return sharers.test(kind) ? whyShared(link, links) : undefined
}

/** A bridge by such a name that has no other ports than containers and virtual machines. */
function isContainerBridge({ name }: Link, links: readonly Link[]): boolean {
  const ports = links.filter((each) => each.master === name)
  const isVirtual = (port: Link) =>
    port.kind === 'tap' || (port.kind === 'veth' && containerPorts.test(port.name))
  return containerBridges.test(name) && ports.every(isVirtual)
}

function whyShared({ over, kind }: Link, links: readonly Link[]): string | undefined {
  const below = links.find((each) => each.name === over)
  return below && whyLeftOut(below, links) === undefined
    ? `shares the link of ${over}, which is searched (${kind})`
    : undefined
}

/** Why nothing can be asked on it, also when it is named. */
export function whyMute(link: Link): string | undefined {
  if (!link.running) return 'has no carrier: no cable is plugged in, or it is down'
  if (!link.multicast) return 'has no multicast'
  if ((ownLinkLocal(link) ?? ownIPv4(link)) === undefined)
    return 'has no address to ask from: no IPv6 link-local, or it is still being checked, and no IPv4'
  return undefined
}
