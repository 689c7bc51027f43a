import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseLinks } from '../../common/links.ts'
import { whyLeftOut, whyMute } from '../../scanner/left-out.ts'
import { fakeAddress, fakeLink } from '../fakes/link.ts'

// `ip -j -d address show` of iproute2 6.1, shortened: made by hand in a namespace as docker, libvirt
// and people make them. Those from index 60 on are written after it, for the kernel there had no
// bond, VLAN, WireGuard, dummy, PPP or VRF.
const fixture = new URL('../../../test/fixtures/ip-address-show-virtual.json', import.meta.url)
const links = parseLinks(readFileSync(fixture, 'utf8'))

/** What is expected of each link: a part of the reason, or that it is searched. */
const expected: Record<string, string | undefined> = {
  lo: 'leads back to this machine',
  // A cable of our own tests is a veth as well.
  op0: undefined,
  docker0: 'is a bridge of containers or virtual machines',
  veth1a2b3c4: 'is a port of docker0',
  'br-0123456789ab': 'is a bridge of containers',
  docker_gwbridge: 'is a bridge of containers',
  virbr0: 'is a bridge of containers',
  vnet0: 'is a port of virbr0',
  // libvirt's bridge with a cable in it, and a bridge of one's own.
  virbr1: undefined,
  eth7: 'is a port of virbr1',
  br0: undefined,
  eth1: 'is a port of br0',
  'br-lan': undefined,
  eno3: 'is a port of br-lan',
  bond0: undefined,
  eno2: 'is a port of bond0',
  team0: undefined,
  eno1: undefined,
  'eno1.10': undefined,
  wlan0: undefined,
  mv0: 'shares the link of op0, which is searched (macvlan)',
  tun0: 'is a tunnel (tun)',
  tap0: 'is made by a virtual machine or a VPN (tap)',
  wg0: 'is a tunnel (wireguard)',
  vx0: 'is a tunnel (vxlan)',
  ppp0: 'is a tunnel (ppp)',
  dummy0: 'has nothing behind it (dummy)',
  ifb9: 'has nothing behind it (ifb)',
  vrf0: 'has nothing behind it (vrf)',
  eno4: 'has no carrier',
  ib0: 'has no multicast',
  usb0: 'has no address to ask from',
}

t.test(
  'what leads to other machines is searched, whatever carries it; the rest says why not',
  (t) => {
    for (const link of links.filter((each) => each.name !== 'eth2')) {
      t.ok(link.name in expected, `${link.name} is in the table`)
      const reason = whyLeftOut(link, links)
      const wanted = expected[link.name]
      if (wanted === undefined) t.equal(reason, undefined, link.name)
      else t.match(reason, wanted, link.name)
    }
    t.end()
  },
)

t.test('a container without sight of the link below has its macvlan searched', (t) => {
  const macvlan = links.find((each) => each.name === 'mv0')
  t.equal(macvlan && whyLeftOut(macvlan, [macvlan]), undefined)
  t.end()
})

t.test(
  'a veth by a container engine’s name leads to a container, by another it is a cable',
  (t) => {
    const addresses = [fakeAddress('fe80::1')]
    const veth = (name: string) => fakeLink({ name, kind: 'veth', physical: false, addresses })
    for (const name of ['veth0', 'veth1a2b3c4', 'cali123', 'lxc_health', 've-nixos', 'vb-nixos'])
      t.match(whyLeftOut(veth(name), []), 'leads to a container', name)
    for (const name of ['op0', 'eth0', 'cable0', 'host0'])
      t.equal(whyLeftOut(veth(name), []), undefined, name)
    t.end()
  },
)

t.test('where nothing tells the kind the name has to: other systems, old commands', (t) => {
  const addresses = [fakeAddress('fe80::1')]
  const named = (name: string, over = {}) =>
    whyLeftOut(fakeLink({ name, physical: false, addresses, ...over }), [])
  for (const name of [
    'utun3',
    'awdl0',
    'llw0',
    'bridge100',
    'docker0',
    'tailscale0',
    'zt3jn',
    'wg0',
  ])
    t.match(named(name), 'by its name', name)
  t.match(named('12', { label: 'vEthernet (WSL)' }), 'by its name')
  for (const name of ['en0', 'en5', 'eth0', 'wlan0', 'br0', 'br-lan', 'usb0', 'bond0'])
    t.equal(named(name), undefined, name)
  t.equal(named('12', { label: 'Ethernet' }), undefined)
  t.equal(named('wg0', { physical: true }), undefined, 'a card may be called as it likes')
  t.end()
})

t.test('what cannot be asked on', (t) => {
  const addresses = [fakeAddress('fe80::1')]
  t.equal(whyMute(fakeLink({ addresses })), undefined)
  t.match(whyMute(fakeLink({ addresses, running: false })), 'no carrier')
  t.match(whyMute(fakeLink({ addresses, multicast: false })), 'no multicast')
  t.match(
    whyMute(fakeLink({ addresses: [fakeAddress('fe80::1', { tentative: true })] })),
    'no address',
  )
  t.end()
})
