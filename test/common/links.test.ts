import { readFileSync } from 'node:fs'
import t from 'tap'
import { Failure } from '../../common/failure.ts'
import {
  isFromLink,
  isOnLink,
  matchesGlob,
  ownIPv4,
  ownLinkLocal,
  parseLinks,
} from '../../common/links.ts'
import { fakeAddress, fakeLink } from '../fakes/link.ts'

/** `ip -j -d address show` of a namespace with a bridge, veth pairs, an unplugged one and a tunnel. */
const links = parseLinks(readFileSync('test/fixtures/ip-address-show.json', 'utf8'))
const named = (name: string) => links.find((link) => link.name === name)

t.test('the links of the kernel are read with their state', (t) => {
  t.same(
    links.map(({ name, mac, running, multicast, loopback, enslaved }) =>
      [name, mac, { running, multicast, loopback, enslaved }].map((each) =>
        typeof each === 'object'
          ? Object.entries(each)
              .filter(([, on]) => on)
              .map(([key]) => key)
              .join(' ')
          : each,
      ),
    ),
    [
      ['lo', undefined, 'running loopback'],
      ['peer0', '52:54:00:00:00:02', 'running multicast enslaved'],
      ['veth0', '52:54:00:00:00:01', 'running multicast'],
      ['peer1', '52:54:00:00:00:04', 'running multicast enslaved'],
      ['veth1', '52:54:00:00:00:03', 'running multicast'],
      ['br0', '52:54:00:00:00:05', 'running multicast'],
      ['down1', '52:54:00:00:00:07', 'multicast'],
      ['down0', '52:54:00:00:00:06', 'multicast'],
      ['tun0', undefined, 'multicast'],
    ],
  )
  t.match(named('veth0'), { index: 3, mtu: 1500, physical: false })
  t.end()
})

t.test('the states of duplicate address detection are told apart (RFC 4862 section 5.4)', (t) => {
  t.same(named('veth1')?.addresses, [
    fakeAddress('2001:db8::1', { tentative: true }),
    fakeAddress('fe80::47', { tentative: true, dadFailed: true, deprecated: true }),
    fakeAddress('fe80::5054:ff:fe00:3'),
  ])
  t.same(named('veth0')?.addresses, [
    fakeAddress('192.0.2.7', { prefixLength: 24 }),
    fakeAddress('fe80::47', { deprecated: true }),
    fakeAddress('fe80::5054:ff:fe00:1'),
  ])
  t.end()
})

t.test('what is spoken from is usable, and not deprecated if there is a choice', (t) => {
  const static_ = fakeAddress('fe80::47', { deprecated: true })
  const own = fakeAddress('fe80::5054:ff:fe12:3456')
  const tentative = fakeAddress('fe80::5054:ff:fe12:3456', { tentative: true })
  const failed = fakeAddress('fe80::5054:ff:fe12:3456', { dadFailed: true })
  t.equal(ownLinkLocal(fakeLink({ addresses: [static_, own] })), 'fe80::5054:ff:fe12:3456')
  t.equal(ownLinkLocal(fakeLink({ addresses: [static_, tentative] })), 'fe80::47')
  t.equal(ownLinkLocal(fakeLink({ addresses: [tentative, failed] })), undefined)
  t.equal(ownLinkLocal(fakeLink({ addresses: [fakeAddress('2001:db8::1')] })), undefined)
  const [loopback, veth] = [links[0], named('veth0')]
  t.equal(loopback && ownIPv4(loopback), '127.0.0.1')
  t.equal(veth && ownIPv4(veth), '192.0.2.7')
  t.equal(veth && isOnLink(veth, '192.0.2.200'), true)
  t.equal(veth && isOnLink(veth, '192.0.3.1'), false)
  t.end()
})

t.test('missing fields are bearable; output that is no JSON says what to install', (t) => {
  t.same(parseLinks(''), [])
  t.same(parseLinks('[{},{"ifname":"x"}]'), [
    {
      index: 0,
      name: 'x',
      mac: undefined,
      mtu: 1280,
      running: false,
      carrierChanges: 0,
      multicast: false,
      loopback: false,
      enslaved: false,
      physical: false,
      addresses: [],
    },
  ])
  t.throws(() => parseLinks('BusyBox v1.36'), Failure)
  t.end()
})

t.test('links that not every kernel of a test can make', (t) => {
  const card = { ifindex: 2, flags: ['UP', 'LOWER_UP'], link_type: 'ether', operstate: 'UP' }
  const parse = (over: object) => parseLinks(JSON.stringify([{ ...card, ifname: 'x', ...over }]))[0]
  for (const kind of ['bond', 'team', 'bridge'])
    t.match(parse({ linkinfo: { info_slave_kind: kind } }), { enslaved: true }, `port of a ${kind}`)
  for (const kind of ['bond', 'vlan', 'bridge'])
    t.match(parse({ linkinfo: { info_kind: kind } }), { enslaved: false, running: true }, kind)
  t.match(parse({ operstate: 'DORMANT' }), { running: false }, 'Wi-Fi before it may speak')
  t.match(parse({ operstate: 'UNKNOWN' }), { running: true }, 'a driver that does not know')
  t.match(parse({ stats64: { tx: { carrier_changes: 7 } } }), { carrierChanges: 7 })
  const marked = { local: 'fe80::47', prefixlen: 64, metric: 256 }
  t.match(parse({ addr_info: [marked] })?.addresses, [{ address: 'fe80::47', metric: 256 }])
  t.end()
})

t.test('interface patterns are those of a shell', (t) => {
  for (const [name, glob, expected] of [
    ['eno1', 'en*', true],
    ['eno1', 'eno?', true],
    ['eno1', 'eno', false],
    ['weno1', 'eno1', false],
    ['eth0.10', 'eth0.10', true],
    ['eth0x10', 'eth0.10', false],
    ['a+b', 'a+b', true],
    ['eno1', '*', true],
  ] as const)
    t.equal(matchesGlob(name, glob), expected, `${name} ${glob}`)
  t.end()
})

t.test('a sender is on the link with a link-local address or one of its prefixes', (t) => {
  const link = fakeLink({
    addresses: [fakeAddress('192.0.2.1', { prefixLength: 24 }), fakeAddress('2001:db8::1')],
  })
  for (const sender of ['fe80::9', '192.0.2.9', '2001:db8::9'])
    t.ok(isFromLink(link, sender), sender)
  for (const sender of ['198.51.100.9', '2001:db8:1::9']) t.notOk(isFromLink(link, sender), sender)
  t.end()
})
