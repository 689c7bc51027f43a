import { mdnsPort } from '../../../common/contract.ts'
import { type Link, ownLinkLocal } from '../../../common/links.ts'
import type { Firewalld, Said } from '../doors/rules.ts'
import { type Fix, rootFix } from '../finding.ts'
import { parseIptables } from './iptables.ts'
import { parseNftables } from './nftables.ts'
import { type Fate, fateIn, type Packet } from './rules.ts'

/** What the commands of both packet filters say. */
export interface Rules {
  nftables: Said
  ip4: Said
  ip6: Said
}

/** A packet that a firewall here drops, and what lets it in. */
export interface Closed {
  what: 'mdns' | 'ndp'
  fate: Fate
  where: string
  open: Fix
}

const mdnsRule = ['udp', 'dport', String(mdnsPort), 'accept']
const ndpRule = ['meta', 'l4proto', 'ipv6-icmp', 'accept']

/** What is dropped by rules, or may be, that can be read. Pure. */
export function judgeRules(link: Link, { nftables, ip4, ip6 }: Rules): Closed[] {
  return packetsOn(link).flatMap((packet) => [
    ...closedByIptables(packet, packet.family === 'ip' ? ip4 : ip6),
    // iptables-nft keeps its rules there, and its own command says more of them.
    ...closedByNftables(packet, nftables, typeof (packet.family === 'ip' ? ip4 : ip6) === 'object'),
  ])
}

/** A neighbour advertisement (RFC 4861 section 4.4), and an answer to the mDNS group. */
function packetsOn(link: Link): Packet[] {
  const ndp = { family: 'ip6', protocol: 'icmpv6', state: 'untracked', type: 136 } as const
  const mdns = { protocol: 'udp', state: 'new', port: mdnsPort } as const
  const packets = ownLinkLocal(link)
    ? [ndp, { ...mdns, family: 'ip6' } as const]
    : [{ ...mdns, family: 'ip' } as const]
  return packets.map((packet) => ({ ...packet, link: link.name }))
}

const whatIs = ({ protocol }: Packet) => (protocol === 'udp' ? 'mdns' : 'ndp')

function closedByNftables(packet: Packet, said: Said, withoutIptables: boolean): Closed[] {
  if (typeof said === 'string') return []
  return parseNftables(said.text).flatMap(({ name, chain, chains }): Closed[] => {
    const [family, table, own] = name
    if (family !== 'inet' && family !== 'netdev' && family !== packet.family) return []
    if (withoutIptables && table === 'filter' && own === 'INPUT') return []
    const fate = fateIn(chain, chains, packet)
    if (fate === 'accept') return []
    const rule = packet.protocol === 'udp' ? mdnsRule : ndpRule
    const open = rootFix(['nft', 'insert', 'rule', ...name, ...rule])
    return [{ what: whatIs(packet), fate, where: `nftables, chain ${name.join(' ')}`, open }]
  })
}

function closedByIptables(packet: Packet, said: Said): Closed[] {
  if (typeof said === 'string') return []
  const chains = parseIptables(said.text)
  const input = chains.get('INPUT')
  const fate = input ? fateIn(input, chains, packet) : 'accept'
  if (fate === 'accept') return []
  const command = packet.family === 'ip' ? 'iptables' : 'ip6tables'
  const port = ['--dport', String(mdnsPort)]
  const match = packet.protocol === 'udp' ? ['-p', 'udp', ...port] : ['-p', 'ipv6-icmp']
  const isOf = (maker: string) => [...chains.keys()].some((name) => name.startsWith(maker))
  const open =
    isOf('ufw') && packet.protocol === 'udp'
      ? rootFix(['ufw', 'allow', `${mdnsPort}/udp`])
      : rootFix([command, '-I', 'INPUT', ...match, '-j', 'ACCEPT'])
  return [
    {
      what: whatIs(packet),
      fate,
      where: `${command}, chain INPUT${isOf('nixos-fw') ? ' of nixos-fw' : ''}`,
      open,
    },
  ]
}

/** What firewalld drops in the zone of a link. Pure. */
export function judgeFirewalld(
  { name }: Pick<Link, 'name'>,
  { zone, letsMdnsIn }: Firewalld,
): Closed[] {
  if (letsMdnsIn) return []
  const place = zone ? [`--zone=${zone}`] : []
  const open = rootFix(['firewall-cmd', ...place, '--add-service=mdns'])
  const where = `firewalld, zone ${zone ?? 'by default'} of ${name}`
  return [{ what: 'mdns', fate: 'drop', where, open }]
}
