import ip6addr from 'ip6addr'
import t from 'tap'
import {
  addressBytes,
  addressKind,
  eui64FromMac,
  inPrefix,
  isHostIn,
  isLinkLocal6,
  linkLocalFromMac,
  macFromLinkLocal,
  normalizeAddress,
  normalizeMac,
  reverseName,
  splitZone,
  withZone,
} from '../../common/address.ts'

t.test('the zone follows the first percent sign (RFC 4007 section 11)', (t) => {
  t.same(splitZone('fe80::47%eno1'), { address: 'fe80::47', zone: 'eno1' })
  t.same(splitZone('fe80::47'), { address: 'fe80::47', zone: undefined })
  t.equal(withZone('fe80::47', 'eth0.10'), 'fe80::47%eth0.10')
  for (const global of ['2001:db8::1', 'fd00::1', '192.0.2.7', '169.254.1.1'])
    t.equal(withZone(global, 'eno1'), global, global)
  t.end()
})

t.test('an address has one spelling (RFC 5952), and what is none is refused', (t) => {
  for (const [text, expected] of [
    ['FE80:0:0:0:0:0:0:0047', 'fe80::47'],
    ['fe80::47%eno1', 'fe80::47'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::0:0', '::'],
    ['10:0:0:0:0:0:0:0', '10::'],
    ['::FFFF:c000:207', '::ffff:192.0.2.7'],
    ['fe80::192.0.2.7', 'fe80::c000:207'],
    ['192.0.2.7', '192.0.2.7'],
    ['fe80::00047', undefined],
    ['', undefined],
    ['1', undefined],
    ['1.2.3', undefined],
    ['1.2.3.4.5', undefined],
    ['256.1.1.1', undefined],
    ['fe80::g', undefined],
    ['fe80::1::2', undefined],
    [' fe80::1', undefined],
    ['fe80::1\n', undefined],
    ['fe80::1\0', undefined],
    ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
    ['-oProxyCommand=x', undefined],
  ] as const)
    t.equal(normalizeAddress(text), expected, JSON.stringify(text))
  t.end()
})

t.test('every kind of address is told apart', (t) => {
  for (const [address, kind] of [
    ['fe80::5054:ff:fe12:3456', 'eui64'],
    ['fe80::47', 'static'],
    ['fe80::1234:5678:9abc:def0', 'lla'],
    // ff:fe in the middle, but the card it names would be a multicast group.
    ['fe80::301:2ff:fe03:405', 'lla'],
    ['fd12:3456::1', 'ula'],
    ['fc00::1', 'ula'],
    ['2001:db8::47', 'gua'],
    ['192.0.2.7', 'ipv4'],
    ['169.254.99.200', 'ipv4ll'],
  ] as const)
    t.equal(addressKind(address), kind, address)
  t.ok(isLinkLocal6('febf::1'))
  t.notOk(isLinkLocal6('fec0::1'))
  t.notOk(isLinkLocal6('169.254.1.1'))
  t.end()
})

t.test('a MAC is accepted in its usual spellings, and only when it names one card', (t) => {
  for (const [text, expected] of [
    ['52:54:00:AB:CD:EF', '52:54:00:ab:cd:ef'],
    ['52-54-00-ab-cd-ef', '52:54:00:ab:cd:ef'],
    ['525400abcdef', '52:54:00:ab:cd:ef'],
    ['00:00:00:00:00:00', undefined],
    ['ff:ff:ff:ff:ff:ff', undefined],
    ['01:00:5e:00:00:fb', undefined],
    ['52:54:00:ab:cd', undefined],
    ['52:54:00:ab:cd:eg', undefined],
    ['80:00:02:08:fe:80:00:00:00:00:00:00:e4:1d:2d:03:00:11:22:33', undefined],
  ] as const)
    t.equal(normalizeMac(text), expected, text)
  t.end()
})

t.test('only the address has the universal/local bit inverted (RFC 4291 appendix A)', (t) => {
  for (const [mac, id, address] of [
    ['52:54:00:12:34:56', '525400fffe123456', 'fe80::5054:ff:fe12:3456'],
    ['00:00:00:00:00:47', '000000fffe000047', 'fe80::200:ff:fe00:47'],
    ['02:00:00:00:00:01', '020000fffe000001', 'fe80::ff:fe00:1'],
  ] as const) {
    t.equal(eui64FromMac(mac), id)
    t.equal(linkLocalFromMac(mac), address)
    t.equal(macFromLinkLocal(address), mac)
  }
  t.throws(() => eui64FromMac('52:54'), TypeError)
  for (const other of ['fe80::47', '2001:db8::5054:ff:fe12:3456', '192.0.2.7', 'fe80::ff:ff12:1'])
    t.equal(macFromLinkLocal(other), undefined, other)
  t.end()
})

t.test('a prefix holds addresses of its own family only', (t) => {
  for (const [address, network, length, expected] of [
    ['192.0.2.9', '192.0.2.7', 24, true],
    ['192.0.3.9', '192.0.2.7', 24, false],
    ['192.0.3.9', '192.0.2.7', 0, true],
    ['192.0.2.9', '192.0.2.7', 32, false],
    ['fe80::1', 'fe80::47', 64, true],
    ['fe80::1', 'fe80::47', 128, false],
    ['fe80::1', '192.0.2.7', 0, false],
    ['192.0.2.9', '::', 0, false],
  ] as const)
    t.equal(inPrefix(address, network, length), expected, `${address} in ${network}/${length}`)
  t.end()
})

t.test('reverse names list nibbles or bytes backwards (RFC 3596 2.5, RFC 1035 3.5)', (t) => {
  t.equal(
    reverseName('fe80::5054:ff:fe12:3456'),
    '6.5.4.3.2.1.e.f.f.f.0.0.4.5.0.5.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa',
  )
  t.equal(reverseName('192.0.2.7'), '7.2.0.192.in-addr.arpa')
  t.equal(addressBytes('192.0.2.7').toString('hex'), 'c0000207')
  t.equal(addressBytes('fe80::47').toString('hex'), 'fe800000000000000000000000000047')
  t.throws(() => addressBytes('NixOS.local'))
  t.end()
})

t.test('the first address of a prefix, and the last of IPv4, are no hosts', (t) => {
  for (const [address, network, length, expected] of [
    ['192.0.2.7', '192.0.2.1', 24, true],
    ['192.0.2.0', '192.0.2.1', 24, false],
    ['192.0.2.255', '192.0.2.1', 24, false],
    ['192.0.3.7', '192.0.2.1', 24, false],
    ['192.0.2.0', '192.0.2.1', 31, true],
    ['192.0.2.1', '192.0.2.1', 32, true],
    ['fe80::47', 'fe80::', 64, true],
    ['fe80::', 'fe80::', 64, false],
    ['fe80::ffff:ffff:ffff:ffff', 'fe80::', 64, true],
    ['::1', 'fe80::', 64, false],
  ] as const)
    t.equal(isHostIn(address, network, length), expected, `${address} in ${network}/${length}`)
  t.end()
})

t.test('addresses are spelled and read as ip6addr does, but for what RFC 5952 forbids', (t) => {
  const random = (below: number) => Math.floor(Math.random() * below)
  const group = () => (random(2) ? 0 : random(3) ? random(65_536) : random(256)).toString(16)
  const texts = Array.from({ length: 3000 }, () => Array.from({ length: 8 }, group).join(':'))
  const theirs = (text: string) => ip6addr.parse(text)
  const misread = texts.filter(
    (text) => !addressBytes(text).equals(theirs(text).toBuffer(Buffer.alloc(16))),
  )
  t.same(misread, [])
  // Section 4.2.2: `::` is not for one group alone; section 5: the last 32 bits may be dotted.
  const isComparable = (text: string) =>
    /(^|:)0:0(:|$)/.test(text) && !normalizeAddress(text)?.includes('.')
  const misspelled = texts.filter(
    (text) => isComparable(text) && normalizeAddress(text) !== theirs(text).toString(),
  )
  t.same(misspelled, [])
  t.same(
    texts.filter((text) => !addressBytes(normalizeAddress(text) ?? '').equals(addressBytes(text))),
    [],
    'what is spelled is read again',
  )
  t.end()
})
