import t from 'tap'
import { eui64FromMac } from '../../common/address.ts'
import type { Machine } from '../../scanner/machine.ts'
import { merge } from '../../scanner/merge.ts'
import type { Sighting } from '../../scanner/sighting.ts'
import { fakeAddresses, fakeAdvertisement, fakeKey, fakeMac } from '../fakes/sighting.ts'

const eui64 = (machine: number, card = 0) => fakeAddresses(machine, card)[0] ?? ''
const hear = (addresses: string[], over: Partial<Sighting> = {}): Sighting => ({
  source: 'neighbour',
  link: 'eno1',
  at: 0,
  addresses,
  ...over,
})
const probe = (address: string, key: string, over: Partial<Sighting> = {}) =>
  hear([address], {
    source: 'ssh',
    ssh: { reachable: true, banner: 'SSH-2.0-x', hostKeys: [key] },
    ...over,
  })
const holds = (machine: number, at: number) =>
  hear(['fe80::47'], { source: 'static', mac: fakeMac(machine), installer: true, at })
const only = (machines: Machine[]): Machine => {
  const [machine, ...others] = machines
  if (!machine || others.length > 0) throw new Error(`expected one: ${JSON.stringify(machines)}`)
  return machine
}

t.test('a machine with an agent is shown as it announces itself, best address first', (t) => {
  const ipv4ll = '169.254.1.2'
  const ula = 'fd00::1'
  const all = [ipv4ll, ula, ...fakeAddresses(1, 0).toReversed(), 'fe80::47']
  const advertisement = { ...fakeAdvertisement(1), os: 'NixOS 26.05', flake: '/iso/devos' }
  const machine = only(
    merge([
      hear(all, { source: 'service', name: 'nixos-01', port: 2222, at: 5, advertisement }),
      holds(1, 9),
    ]),
  )
  t.match(machine, {
    id: '525400fffe000001',
    name: 'nixos-01',
    hostname: 'nixos-01.local',
    configuredName: 'NixOS',
    user: 'nixos',
    port: 2222,
    target: `${eui64(1)}%eno1`,
    sources: ['service', 'static'],
    agent: { version: '1.0.0', boot: '0a1b2c3d', os: 'NixOS 26.05', flake: '/iso/devos' },
    firstSeen: '1970-01-01T00:00:00.005Z',
    lastSeen: '1970-01-01T00:00:00.009Z',
    installer: true,
  })
  const kinds = machine.links[0]?.addresses.map((each) => each.kind)
  t.same(kinds, ['eui64', 'lla', 'gua', 'ula', 'ipv4', 'ipv4ll', 'static'])
  t.end()
})

t.test(
  'a machine without an agent has the id of its card, the name it answers to, no agent',
  (t) => {
    const heard = [hear(['192.0.2.7'], { mac: fakeMac(2) }), hear(['192.0.2.7'], { name: 'nixos' })]
    const told = { name: 'nixos', configuredName: 'nixos', user: 'nixos', port: 22, agent: null }
    t.match(only(merge(heard)), { ...told, id: eui64FromMac(fakeMac(2)), target: '192.0.2.7' })
    const bare = only(merge([hear(['192.0.2.7'])]))
    t.match(bare, { name: null, hostname: null, links: [{ mac: null, eui64: null }] })
    t.match(bare.id, /^[0-9a-f]{16}$/)
    t.end()
  },
)

t.test('links join by the announced id, or by an equal host key, never by a name', (t) => {
  const advertisement = fakeAdvertisement(1)
  const wlan = { link: 'wlan0' }
  const name = 'NixOS'
  const rows = (...heard: Sighting[]) => merge(heard).length
  const a = eui64(1, 0)
  const b = eui64(1, 1)
  t.equal(rows(hear([a], { advertisement }), hear([b], { ...wlan, advertisement })), 1)
  t.equal(rows(probe(a, fakeKey(1)), probe(b, fakeKey(1), wlan)), 1)
  t.equal(rows(probe(a, fakeKey(1), { advertisement }), probe(b, fakeKey(1), wlan)), 1)
  t.equal(rows(hear([a], { name }), hear([b], { ...wlan, name })), 2)
  const other = { ...wlan, advertisement: fakeAdvertisement(2) }
  t.equal(rows(probe(a, fakeKey(1), { advertisement }), probe(b, fakeKey(1), other)), 2, 'two ids')
  t.end()
})

t.test('fe80::47 goes to its newest holder, and what is known by it alone with it', (t) => {
  const heard = [hear([eui64(1)]), hear([eui64(2), 'fe80::47']), hear(['fe80::47'], { at: 1 })]
  const [one, two] = merge([...heard, holds(2, 2), holds(1, 3)])
  t.match(one?.links, [{ addresses: [{ kind: 'eui64' }, { address: 'fe80::47%eno1' }] }])
  t.same(
    two?.links[0]?.addresses.map((each) => each.kind),
    ['eui64'],
  )
  t.match(only(merge([hear(['fe80::47'])])), { target: 'fe80::47%eno1', links: [{ mac: null }] })
  t.same(
    merge([holds(1, 1), holds(2, 2)]).map((each) => each.target),
    ['fe80::47%eno1'],
  )
  t.end()
})

t.test('two machines probed in turn at fe80::47 stay two, also while no MAC is known', (t) => {
  const turns = [probe('fe80::47', fakeKey(1)), probe('fe80::47', fakeKey(2), { at: 1 })]
  t.equal(merge(turns).length, 2)
  const both = [probe(eui64(1), fakeKey(1)), probe(eui64(2), fakeKey(2))]
  t.equal(merge([...turns, ...both]).length, 2)
  t.equal(merge([...turns, ...both, holds(2, 2)]).length, 2)
  t.equal(merge([probe('fe80::47', fakeKey(1)), hear(['fe80::47'], { at: 3 })]).length, 1)
  t.end()
})

t.test('what was shown at fe80::47 is of whoever had it then, not of its holder now', (t) => {
  const handedOver = [holds(1, 1), holds(2, 60)]
  const known = [hear([eui64(1)]), hear([eui64(2)])]
  const keys = (...heard: Sighting[]) =>
    merge([...handedOver, ...known, ...heard]).map((each) => each.ssh.hostKeys)
  const before = probe('fe80::47', fakeKey(1), { at: 2 })
  t.same(keys(before), [[fakeKey(1)], []], 'by the nearest look at the neighbour table')
  t.same(keys(probe('fe80::47', fakeKey(2), { at: 50 })), [[], [fakeKey(2)]])
  const own = probe(eui64(1), fakeKey(1))
  t.same(keys({ ...before, at: 50 }, own), [[fakeKey(1)], []], 'by the key that it has elsewhere')
  const other = probe('fe80::47', fakeKey(0), { at: 2 })
  t.same(keys(other, own), [[fakeKey(1)], []], 'a third, gone by now, is taken for neither')
  t.end()
})

t.test('an address of unknown MAC is shown at one card only, the one it was told with', (t) => {
  const shared = '2001:db8::9'
  const cards = hear([eui64(1, 0), eui64(1, 1)])
  const machine = only(merge([cards, hear([eui64(1, 1), shared], { at: 1 }), hear([shared])]))
  const at = machine.links.filter((link) => link.addresses.some((a) => a.address === shared))
  t.same(
    at.map((link) => link.mac),
    [fakeMac(1, 1)],
  )
  t.end()
})

t.test('an address that moved to another card takes no old MAC along', (t) => {
  const moved = [0, 1].map((at) => hear(['192.0.2.7'], { mac: fakeMac(at), at }))
  const machine = only(merge([...moved, hear(['192.0.2.7', '192.0.2.8'])]))
  t.same(
    machine.links.map((link) => link.mac),
    [fakeMac(1)],
  )
  t.end()
})

t.test('a MAC on two links is one machine, unless it shows two host keys there', (t) => {
  const advertisement = fakeAdvertisement(1)
  const on = (link: string, key: string) => [
    hear([eui64(1)], { link, source: 'service', port: 22, advertisement }),
    probe(eui64(1), key, { link }),
  ]
  t.equal(merge([...on('eno1', fakeKey(1)), ...on('eno2', fakeKey(1))]).length, 1)
  const cloned = merge([...on('eno1', fakeKey(1)), ...on('eno2', fakeKey(2))])
  t.same(
    cloned.map((each) => each.target),
    [`${eui64(1)}%eno1`, `${eui64(1)}%eno2`],
  )
  t.end()
})

t.test('who claims the id or an address of another machine is not its target', (t) => {
  const advertisement = fakeAdvertisement(1)
  const liar = eui64(0)
  const banner = { reachable: true, banner: 'SSH-2.0-x', hostKeys: [] }
  const claims = [hear([liar], { advertisement }), hear([liar, eui64(1)])]
  const proven = probe(eui64(1), fakeKey(1), { advertisement })
  for (const ssh of [banner, { ...banner, reachable: false }])
    for (const claim of claims) {
      const machine = only(merge([claim, hear([liar], { source: 'ssh', ssh }), proven]))
      t.equal(machine.target, `${eui64(1)}%eno1`)
    }
  t.end()
})

t.test('a flood of sightings of one machine, however chained, is one machine', (t) => {
  const heard = Array.from({ length: 150_000 }, (_, index) =>
    hear([`fe80::1:${(index % 65_000).toString(16)}`, 'fe80::1'], { at: index }),
  )
  t.equal(merge(heard).length, 1, 'neither the square of the time nor the depth of the stack')
  t.end()
})
