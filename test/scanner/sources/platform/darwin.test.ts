import t from 'tap'
import {
  darwin,
  parseArp,
  parseEchoReply,
  parseNdp,
} from '../../../../scanner/sources/platform/darwin.ts'

// Made from the columns and states that Apple's ndp(8) and arp(8) document.
const ndp = `Neighbor                                Linklayer Address  Netif Expire    St Flgs Prbs
2001:db8::1                             52:54:0:12:34:56     en0 23h58m12s S  R
2001:db8::2                             (incomplete)         en0 expired   N
fe80::1%lo0                             (incomplete)         lo0 permanent R
fe80::5054:ff:fe12:3456%en0             52:54:0:12:34:56     en0 18s       R  R
fe80::5054:ff:fe00:7%en5                52:54:0:0:0:7        en5 permanent R
fe80::5054:ff:fe00:8%en5                52:54:0:0:0:8        en5 1s        I     2
fe80::5054:ff:fe00:9%en5                52:54:0:0:0:9        en5 4s        D       1
ff02::1%en0                             33:33:0:0:0:1        en0 permanent R
`
const arp = `? (192.0.2.7) at 52:54:0:12:34:56 on en0 ifscope [ethernet]
? (192.0.2.8) at (incomplete) on en0 ifscope [ethernet]
nas.local (192.0.2.9) at 0:0:5e:0:53:9 on en5 permanent [ethernet]
? (224.0.0.251) at 1:0:5e:0:0:fb on en0 ifscope permanent [ethernet]
`

t.test('the neighbour table of macOS, both families', (t) => {
  t.same(parseNdp(ndp), [
    { address: '2001:db8::1', mac: '52:54:00:12:34:56', link: 'en0' },
    { address: 'fe80::5054:ff:fe12:3456', mac: '52:54:00:12:34:56', link: 'en0' },
    { address: 'fe80::5054:ff:fe00:7', mac: '52:54:00:00:00:07', link: 'en5' },
    { address: 'fe80::5054:ff:fe00:9', mac: '52:54:00:00:00:09', link: 'en5' },
  ])
  t.same(parseArp(arp), [
    { address: '192.0.2.7', mac: '52:54:00:12:34:56', link: 'en0' },
    { address: '192.0.2.9', mac: '00:00:5e:00:53:09', link: 'en5' },
  ])
  t.same([parseNdp(''), parseArp('\n')], [[], []])
  t.end()
})

t.test('echo replies as ping6(8) prints them', (t) => {
  for (const [line, expected] of [
    ['16 bytes from fe80::1%en0, icmp_seq=0 hlim=64 time=0.123 ms', 'fe80::1'],
    ['16 bytes from FE80:0::1%en0, icmp_seq=12 hlim=64 time=0.5 ms(DUP!)', 'fe80::1'],
    ['16 bytes from 2001:db8::1, icmp_seq=0 hlim=64 time=1.2 ms', '2001:db8::1'],
    ['PING6(56=40+8+8 bytes) fe80::2%en0 --> ff02::1%en0', undefined],
    ['Request timeout for icmp_seq=0', undefined],
    ['16 bytes from fe80::1::2, icmp_seq=0', undefined],
  ] as const)
    t.equal(parseEchoReply(line), expected, line)
  t.same(darwin.echoCommand('ff02::1', 'en0'), {
    command: 'ping6',
    args: ['-n', '-I', 'en0', 'ff02::1%en0'],
  })
  t.end()
})
