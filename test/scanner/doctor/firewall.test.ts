import t from 'tap'
import { judgeFirewall } from '../../../scanner/doctor/checks/firewall.ts'
import { pasteable } from '../../../scanner/doctor/finding.ts'
import {
  type Closed,
  judgeFirewalld,
  judgeRules,
  type Rules,
} from '../../../scanner/doctor/firewall/closed.ts'
import { parseIptables } from '../../../scanner/doctor/firewall/iptables.ts'
import { parseNftables } from '../../../scanner/doctor/firewall/nftables.ts'
import { type Fate, fateIn, type Packet } from '../../../scanner/doctor/firewall/rules.ts'
import type { Way } from '../../../scanner/scan.ts'
import { fakeAddress, fakeLink } from '../../fakes/link.ts'

const mdns: Packet = { family: 'ip6', protocol: 'udp', link: 'eno1', state: 'new', port: 5353 }
const ndp: Packet = {
  family: 'ip6',
  protocol: 'icmpv6',
  link: 'eno1',
  state: 'untracked',
  type: 136,
}

/** A rule set with a chain `input` of these rules, as nft prints it. */
function nftables(policy: string, ...rules: object[][]): string {
  const chain = {
    family: 'inet',
    table: 'filter',
    name: 'input',
    type: 'filter',
    hook: 'input',
    policy,
  }
  const own = rules.map((expr) => ({
    rule: { family: 'inet', table: 'filter', chain: 'input', expr },
  }))
  return JSON.stringify({ nftables: [{ metainfo: {} }, { chain }, ...own] })
}
const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } })
const meta = (key: string) => ({ meta: { key } })
const field = (protocol: string, name: string) => ({ payload: { protocol, field: name } })

function fate(json: string, packet: Packet): Fate | undefined {
  const [entrance] = parseNftables(json)
  return entrance && fateIn(entrance.chain, entrance.chains, packet)
}

t.test('nftables: what becomes of an answer to the group', (t) => {
  const cases: [string, string, object[][], Fate][] = [
    ['a policy', 'drop', [], 'drop'],
    ['a policy', 'accept', [], 'accept'],
    ['the port', 'drop', [[match(field('udp', 'dport'), 5353), { accept: null }]], 'accept'],
    [
      'a set with it',
      'drop',
      [[match(field('udp', 'dport'), { set: [53, { range: [5000, 6000] }] }), { accept: null }]],
      'accept',
    ],
    [
      'a set without',
      'drop',
      [[match(field('udp', 'dport'), { set: [53, 546] }), { accept: null }]],
      'drop',
    ],
    ['a port of TCP', 'drop', [[match(field('tcp', 'dport'), 5353), { accept: null }]], 'drop'],
    ['another link', 'drop', [[match(meta('iifname'), 'lo'), { accept: null }]], 'drop'],
    ['links by pattern', 'drop', [[match(meta('iifname'), 'en*'), { accept: null }]], 'accept'],
    [
      'every link but one',
      'drop',
      [[match(meta('iifname'), 'wan0', '!='), { accept: null }]],
      'accept',
    ],
    [
      'connections',
      'drop',
      [[match({ ct: { key: 'state' } }, ['established', 'related'], 'in'), { accept: null }]],
      'drop',
    ],
    ['a protocol by number', 'drop', [[match(meta('l4proto'), 17), { accept: null }]], 'accept'],
    [
      'some sources',
      'drop',
      [[match(field('ip6', 'saddr'), 'fe80::1'), { accept: null }]],
      'unclear',
    ],
    [
      'some sources, of IPv4',
      'drop',
      [[match(field('ip', 'saddr'), '192.0.2.1'), { accept: null }]],
      'drop',
    ],
    ['a named set', 'drop', [[match(field('udp', 'dport'), '@open'), { accept: null }]], 'unclear'],
    ['a refusal at the end', 'accept', [[{ counter: {} }, { reject: null }]], 'drop'],
    ['a limit', 'accept', [[{ limit: { rate: 5 } }, { drop: null }]], 'unclear'],
    ['a log', 'accept', [[{ log: { prefix: 'x' } }]], 'accept'],
  ]
  for (const [what, policy, rules, expected] of cases)
    t.equal(fate(nftables(policy, ...rules), mdns), expected, `${what}, ${policy}`)
  const icmp = [match(field('icmpv6', 'type'), ['nd-neighbor-advert']), { accept: null }]
  t.equal(fate(nftables('drop', icmp), ndp), 'accept')
  t.equal(fate(nftables('drop', icmp), mdns), 'drop')
  t.same(parseNftables(''), [])
  t.end()
})

t.test('a circle of chains ends', (t) => {
  const jump = { matches: [], verdict: { jump: 'a' } } as const
  const chains = new Map([['a', { policy: undefined, rules: [jump] }]])
  t.equal(fateIn({ policy: 'accept', rules: [jump] }, chains, mdns), 'unclear')
  t.end()
})

/** What NixOS makes of `networking.firewall`, by iptables. */
const nixos = (...more: string[]) => `*raw
:PREROUTING ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [0:0]
:nixos-fw - [0:0]
:nixos-fw-accept - [0:0]
:nixos-fw-log-refuse - [0:0]
-A INPUT -j nixos-fw
-A nixos-fw -i lo -j nixos-fw-accept
-A nixos-fw -m conntrack --ctstate RELATED,ESTABLISHED -j nixos-fw-accept
-A nixos-fw -p tcp -m tcp --dport 22 -j nixos-fw-accept
${more.join('\n')}
-A nixos-fw -p ipv6-icmp -m icmp6 --icmpv6-type 137 -j DROP
-A nixos-fw -p ipv6-icmp -j nixos-fw-accept
-A nixos-fw -j nixos-fw-log-refuse
-A nixos-fw-accept -j ACCEPT
-A nixos-fw-log-refuse -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j LOG --log-prefix "refused connection: "
-A nixos-fw-log-refuse -j DROP
COMMIT`

t.test('iptables: what becomes of an answer to the group, and of NDP', (t) => {
  const becomes = (text: string, packet: Packet) => {
    const chains = parseIptables(text)
    const input = chains.get('INPUT')
    return input && fateIn(input, chains, packet)
  }
  t.equal(becomes(nixos(), mdns), 'drop')
  t.equal(becomes(nixos(), ndp), 'accept')
  const allowed = (rule: string) => becomes(nixos(`-A nixos-fw ${rule} -j nixos-fw-accept`), mdns)
  t.equal(allowed('-p udp -m udp --dport 5353'), 'accept')
  t.equal(
    allowed('-p udp -m multiport --dports 53,5000:6000 -m comment --comment "a word -j DROP"'),
    'accept',
  )
  t.equal(allowed('! -i wan0 -p udp'), 'accept')
  t.equal(allowed('-i wan+ -p udp'), 'drop')
  t.equal(allowed('-s fe80::1/128 -p udp'), 'unclear')
  t.equal(becomes(':INPUT DROP [0:0]', mdns), undefined, 'of no table')
  t.end()
})

const link = fakeLink({ addresses: [fakeAddress('fe80::2')] })
const hidden: Rules = { nftables: 'hidden', ip4: 'missing', ip6: 'missing' }
const way = (heard: object, asked = true): Way => ({
  link,
  echoes: { sent: 1, answered: 1 },
  querier: {
    heard: { fromGroup: 0, direct: 0, ownQuestion: false, ...heard },
    hearsGroup: true,
    askedGroup: asked,
  },
})
const codes = (closed: Closed[], seen: Way | undefined, isHidden = false) =>
  judgeFirewall(link, closed, seen, isHidden).map(({ level, code }) => `${level} ${code}`)

t.test('by rules and by behaviour', (t) => {
  const ufw = `*filter\n:INPUT DROP [0:0]\n:ufw6-user-input - [0:0]\n-A INPUT -p ipv6-icmp -j ACCEPT\nCOMMIT`
  const closed = judgeRules(link, { nftables: 'missing', ip4: 'missing', ip6: { text: ufw } })
  t.same(
    closed.map((each) => pasteable(each.open, true)),
    ['ufw allow 5353/udp'],
  )
  t.same(codes(closed, undefined), ['warn rules-drop-mdns'])
  t.same(judgeRules(link, hidden), [])
  t.same(codes([], undefined, true), ['warn rules-hidden'], 'not ok: nothing was seen')
  t.same(codes([], way({ ownQuestion: true }), true), ['ok open'], 'but heard')
  t.same(codes([], way({})), ['warn question-not-back'])
  t.same(codes([], way({ direct: 1 })), ['warn drops-multicast'])
  t.same(codes([], way({}, false)), ['fail question-refused'])
  t.same(codes([], undefined), ['ok no-rule'])
  const [first] = closed
  if (first) t.same(codes([{ ...first, fate: 'unclear' }], undefined), ['warn rules-hidden'])
  t.end()
})

t.test('firewalld: a zone, quoted', (t) => {
  const closed = judgeFirewalld({ name: 'eno1' }, { zone: 'my zone', letsMdnsIn: false })
  t.equal(
    closed.map((each) => pasteable(each.open, false)).join(),
    "sudo firewall-cmd '--zone=my zone' --add-service=mdns",
  )
  t.same(judgeFirewalld({ name: 'eno1' }, { zone: 'home', letsMdnsIn: true }), [])
  t.end()
})
