import { mdnsPort } from '../../../common/contract.ts'
import { type Link, ownLinkLocal } from '../../../common/links.ts'
import type { Way } from '../../scan.ts'
import { dropsGroup } from '../../sources/firewall.ts'
import type { Check, Context } from '../check.ts'
import {
  askFirewalld,
  type Firewalld,
  readIptables,
  readNftables,
  type Said,
} from '../doors/rules.ts'
import { type Finding, type Fix, rootFix } from '../finding.ts'
import { parseIptables } from '../firewall/iptables.ts'
import { parseNftables } from '../firewall/nftables.ts'
import { type Fate, fateIn, type Packet } from '../firewall/rules.ts'
import { onEachLink } from './interface.ts'

/** What a firewall on this machine does to mDNS and NDP: by its rules, and by what comes in. */
export const firewall: Check = {
  layer: 'firewall',
  async run(context, signal) {
    const [nftables, ip4, ip6] = await Promise.all([
      readNftables(signal),
      readIptables('IPv4', signal),
      readIptables('IPv6', signal),
    ])
    const said = { nftables, ip4, ip6 }
    return onEachLink(context, async (link) => {
      const [way, firewalld] = await Promise.all([
        wayOn(link, context),
        askFirewalld(link.name, signal),
      ])
      const closed = firewalld?.isRunning ? judgeFirewalld(link, firewalld) : judgeRules(link, said)
      return judgeFirewall(link, closed, way, isHidden(said))
    })
  },
}

async function wayOn({ name }: Link, { look }: Context): Promise<Way | undefined> {
  const { ways } = await look
  return ways.find((way) => way.link.name === name)
}

/** What the commands of both packet filters say. */
export interface Rules {
  nftables: Said
  ip4: Said
  ip6: Said
}

function isHidden({ nftables, ip4, ip6 }: Rules): boolean {
  return [nftables, ip4, ip6].includes('hidden')
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
  const isUfw = [...chains.keys()].some((name) => name.startsWith('ufw'))
  const open =
    isUfw && packet.protocol === 'udp'
      ? rootFix(['ufw', 'allow', `${mdnsPort}/udp`])
      : rootFix([command, '-I', 'INPUT', ...match, '-j', 'ACCEPT'])
  return [{ what: whatIs(packet), fate, where: `${command}, chain INPUT`, open }]
}

/** Pure. */
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

/** What is to be said of the firewall for a link. Pure. */
export function judgeFirewall(
  link: Pick<Link, 'name'>,
  closed: readonly Closed[],
  way: Way | undefined,
  isHidden: boolean,
): Finding[] {
  const about = { interface: link.name }
  const certain = closed.filter(({ fate }) => fate === 'drop')
  const byRules = certain.map((each): Finding => ({ ...about, ...wordsFor(each, link) }))
  const byBehaviour = judgeBehaviour(link, way, certain)
  if (byRules.length + byBehaviour.length > 0) return [...byRules, ...byBehaviour]
  const querier = way?.querier
  const isHeard =
    querier !== undefined && (querier.heard.ownQuestion || querier.heard.fromGroup > 0)
  const seen = isHidden
    ? 'firewall rules cannot be read without root: judged by behaviour, '
    : closed.length > 0
      ? `the rules have conditions that are not understood here (${closed[0]?.where}): judged by behaviour, `
      : ''
  if (isHeard)
    return [
      {
        ...about,
        level: 'ok',
        code: 'open',
        reason: `${seen}multicast DNS comes in on ${link.name}`,
      },
    ]
  if (seen === '')
    return [
      {
        ...about,
        level: 'ok',
        code: 'no-rule',
        reason: `no rule drops multicast DNS or NDP on ${link.name}`,
      },
    ]
  return [
    {
      ...about,
      level: 'warn',
      code: 'rules-hidden',
      reason: `${seen}nothing can be said of ${link.name}: nothing was heard there`,
      fix: rootFix(['scanner', 'doctor', '--interface', link.name]),
    },
  ]
}

function wordsFor({ what, where, open }: Closed, { name }: Pick<Link, 'name'>) {
  return what === 'ndp'
    ? ({
        level: 'fail',
        code: 'rules-drop-ndp',
        reason: `a firewall on this machine drops NDP on ${name}, without which IPv6 reaches nobody (${where})`,
        fix: open,
      } as const)
    : ({
        level: 'warn',
        code: 'rules-drop-mdns',
        reason: `a firewall on this machine drops multicast DNS on ${name} (${where}; on NixOS, for good: networking.firewall.allowedUDPPorts = [ ${mdnsPort} ];)`,
        fix: open,
      } as const)
}

/** What came in, and what did not, whatever rules say. */
function judgeBehaviour(
  { name }: Pick<Link, 'name'>,
  way: Way | undefined,
  known: readonly Closed[],
): Finding[] {
  const querier = way?.querier
  if (querier === undefined) return []
  const { heard, hearsGroup, askedGroup } = querier
  const about = { interface: name }
  const look = known[0]?.open ?? rootFix(['nft', 'list', 'ruleset'])
  if (!askedGroup)
    return [
      {
        ...about,
        level: 'fail',
        code: 'question-refused',
        reason: `no question to the group leaves by ${name}: a firewall on this machine, or the kernel, refuses it`,
        fix: rootFix(['nft', 'list', 'ruleset']),
      },
    ]
  if (dropsGroup(querier))
    return [
      {
        ...about,
        level: 'warn',
        code: 'drops-multicast',
        reason: `by behaviour: who is asked directly on ${name} answers, and nothing comes in from the multicast group, not even our own question: machines that are not asked one by one stay hidden`,
        fix: look,
      },
    ]
  if (!hearsGroup || heard.ownQuestion || heard.fromGroup > 0) return []
  return [
    {
      ...about,
      level: 'warn',
      code: 'question-not-back',
      reason: `by behaviour: our own question to the multicast group did not come back on ${name}: a firewall on this machine drops UDP port ${mdnsPort}`,
      fix: look,
    },
  ]
}
