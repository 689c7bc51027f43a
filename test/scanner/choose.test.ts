import t from 'tap'
import {
  addressesIn,
  askedNames,
  choose,
  isOwnAddress,
  mayMean,
  namesHost,
  wanted,
} from '../../scanner/choose.ts'
import { fakeMachine } from '../fakes/machine.ts'
import { fakeAdvertisement } from '../fakes/sighting.ts'

const first = fakeMachine()
const second = fakeMachine({
  id: '525400fffe654321',
  name: 'nixos-654321',
  links: [
    {
      interface: 'wlan0',
      mac: '52:54:00:65:43:21',
      eui64: '525400fffe654321',
      addresses: [
        { address: 'fe80::5054:ff:fe65:4321%wlan0', kind: 'eui64' },
        { address: '192.0.2.8', kind: 'ipv4' },
      ],
    },
  ],
})
const trap = fakeMachine({
  id: '5254fffe00fe8047',
  name: null,
  configuredName: null,
  links: [
    { interface: 'eno1', mac: '52:54:00:fe:80:47', eui64: '525400fffefe8047', addresses: [] },
  ],
})

t.test('NAME is a name, an id, a MAC or its end, or an address; nothing else fits', (t) => {
  for (const [name, ...expected] of [
    ['nixos', first, second],
    ['NixOS.local', first, second],
    ['NixOS.local.', first, second],
    ['nixos-654321', second],
    ['nixos-123456.local', first],
    ['-fe8047'],
    ['NIXOS-654321.LOCAL', second],
    ['525400fffe123456', first],
    ['525400FFFE123456', first],
    ['52:54:00:12:34:56', first],
    ['52-54-00-12-34-56', first],
    ['525400123456', first],
    ['3456', first],
    ['34:56', first],
    ['2:34:56', first],
    ['456'],
    [':56'],
    ['5400'],
    ['fe80::5054:ff:fe12:3456', first],
    ['FE80:0::5054:FF:FE12:3456', first],
    ['fe80::5054:ff:fe12:3456%eno1', first],
    ['fe80::5054:ff:fe12:3456%wlan0'],
    ['fe80::47', first],
    ['fe80::47%wlan0'],
    ['192.0.2.7', first],
    ['192.0.2.8', second],
    ['192.0.2.7%eno1', first],
    ['192.0.2.7%wlan0'],
    ['fe:80:47', trap],
    [''],
    ['.local'],
    ['null'],
    ['%'],
    ['.*'],
  ] as const)
    t.same(choose([first, second, trap], name), expected, name)
  t.end()
})

t.test('only host names are asked for by name', (t) => {
  for (const name of ['NixOS', 'nixos.local', 'a-1', '3456', 'nixos-1ae4b7'])
    t.ok(namesHost(name), name)
  for (const name of ['', 'a.b', '52-54-00-12-34-56', '34:56', 'fe80::47', '192.0.2.7', 'ä', 'a b'])
    t.notOk(namesHost(name), name)
  t.notOk(namesHost('a'.repeat(64)), 'longer than a label can be')
  t.notOk(namesHost('-a'), 'no label begins with a hyphen')
  t.end()
})

t.test(
  'an address of one machine only is link-local, with its link, and not the static one',
  (t) => {
    for (const name of ['fe80::5054:ff:fe12:3456%eno1', 'FE80:0::1%eno1'])
      t.ok(isOwnAddress(name), name)
    for (const name of [
      'fe80::1',
      'fe80::47%eno1',
      'FE80:0::47%eno1',
      '2001:db8::1%eno1',
      '192.0.2.7',
      '192.0.2.7%eno1',
      'NixOS',
      '52:54:00:12:34:56',
      '%eno1',
      '',
    ])
      t.notOk(isOwnAddress(name), name)
    t.end()
  },
)

t.test('an address, a MAC and an id say at which link-local address to ask', (t) => {
  const eui64 = 'fe80::5054:ff:fe12:3456'
  for (const name of [
    eui64,
    `${eui64}%eno1`,
    '52:54:00:12:34:56',
    '525400123456',
    '525400fffe123456',
  ])
    t.same(addressesIn(name), [eui64], name)
  for (const name of ['NixOS', '3456', '192.0.2.7', '2001:db8::1', '0123456789abcdef', ''])
    t.same(addressesIn(name), [], name)
  t.end()
})

t.test('only those are visited whom NAME may mean, as far as one sighting tells', (t) => {
  const address = 'fe80::5054:ff:fe00:1'
  const bare = { source: 'neighbour' as const, link: 'eno1', at: 0, addresses: [address] }
  const advertisement = { ...fakeAdvertisement(1), id: '525400fffe654321' }
  const told = { ...bare, name: 'nixos-000001', advertisement }
  for (const [name, expected] of [
    ['NixOS', true],
    ['nixos-000001.local', true],
    ['nixos-000001', true],
    ['nixos-000002', false],
    ['525400fffe654321', true],
    [`${address}%eno1`, true],
    ['52:54:00:00:00:01', true],
    ['0001', true],
    ['52:54:00:65:43:21', true],
    ['525400fffe000001', true],
    ['0123456789abcdef', true],
    ['other', false],
    ['fe80::47%eno1', false],
    ['0002', false],
    ['525400fffe000002', false],
  ] as const)
    t.equal(mayMean(told, name), expected, name)
  t.notOk(mayMean(bare, 'NixOS'))
  const privacy = { ...bare, addresses: ['fe80::9abc:def0:1234:5678'] }
  t.ok(mayMean(privacy, '34:56'), 'its MAC is not known yet')
  t.notOk(mayMean(privacy, 'NixOS'))
  t.end()
})

t.test('asked for are our name, those of live systems, and the wanted one first, once', (t) => {
  const usual = askedNames(undefined)
  t.ok(usual.some((each) => each.toLowerCase() === 'nixos'))
  t.ok(usual.includes('nixos-installer'))
  t.same(askedNames('devos'), ['devos', ...usual])
  t.same(askedNames('devos.local'), ['devos', ...usual])
  const again = askedNames('nixos').map((each) => each.toLowerCase())
  t.equal(new Set(again).size, again.length, 'names are the same whatever their case')
  for (const name of ['fe80::1%eno1', '52:54:00:12:34:56', '-oProxyCommand=x', 'a b'])
    t.same(askedNames(name), usual, name)
  t.end()
})

t.test(
  'wanted are installers, all hosts where all are, and of these those that NAME means',
  (t) => {
    const installer = fakeMachine()
    const host = fakeMachine({
      id: '525400fffe654321',
      name: 'printer',
      configuredName: null,
      installer: false,
    })
    const both = [installer, host]
    t.same(wanted(both, { name: undefined, all: false }), [installer])
    t.same(wanted(both, { name: undefined, all: true }), both)
    t.same(wanted(both, { name: 'printer', all: false }), [])
    t.same(wanted(both, { name: 'printer', all: true }), [host])
    t.end()
  },
)
