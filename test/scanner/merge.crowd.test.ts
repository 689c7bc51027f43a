import { deepEqual, equal, ok } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { splitZone, withZone } from '../../common/address.ts'
import { staticLinkLocal } from '../../common/contract.ts'
import type { Machine } from '../../scanner/machine.ts'
import { merge } from '../../scanner/merge.ts'
import type { Sighting } from '../../scanner/sighting.ts'
import { anyCrowd } from '../fakes/crowd.ts'

const crowd = anyCrowd({ liars: true })

function always(holds: (heard: Sighting[]) => void): void {
  fc.assert(fc.property(crowd, holds), { numRuns: 600 })
}

/** The addresses of a machine, with the link that each is on. */
const placesOf = ({ links }: Machine) =>
  links.flatMap((link) =>
    link.addresses.map(({ address }) => `${link.interface} ${splitZone(address).address}`),
  )
const own = ({ addresses }: Sighting) => addresses.filter((each) => each !== staticLinkLocal)
const rowsAt = (machines: Machine[], { link }: Sighting, address: string) =>
  machines.filter((each) => placesOf(each).includes(`${link} ${address}`))
/** The rows, each with those of the sightings that are of an address of its own. */
const byRow = (heard: Sighting[]) =>
  merge(heard).map((row): [Machine, Sighting[]] => [
    row,
    heard.filter((each) => own(each).some((address) => rowsAt([row], each, address).length > 0)),
  ])
const keysOf = ({ ssh }: Sighting) => ssh?.hostKeys ?? []

t.test('the order in which a crowd is heard does not matter, nor that it is heard twice', (t) => {
  const orders = crowd.chain((heard) =>
    fc.tuple(
      fc.constant(heard),
      fc.shuffledSubarray([...heard, ...heard], { minLength: heard.length * 2 }),
    ),
  )
  fc.assert(
    fc.property(orders, ([heard, again]) => deepEqual(merge(again), merge(heard))),
    { numRuns: 600 },
  )
  t.end()
})

t.test('one MAC on one link is one entry of one row, and so is one address but fe80::47', (t) => {
  always((heard) => {
    const machines = merge(heard)
    const macs = machines.flatMap(({ links }) =>
      links.flatMap((each) => (each.mac ? `${each.interface} ${each.mac}` : [])),
    )
    equal(new Set(macs).size, macs.length)
    const places = machines
      .flatMap(placesOf)
      .filter((each) => !each.endsWith(` ${staticLinkLocal}`))
    equal(new Set(places).size, places.length)
  })
  t.end()
})

t.test('fe80::47 joins no two machines: without it the same addresses are together', (t) => {
  /** The rows, as the sets of addresses that cannot move. */
  const together = (machines: Machine[]) =>
    machines
      .map((each) => placesOf(each).filter((at) => !at.endsWith(` ${staticLinkLocal}`)))
      .filter((places) => places.length > 0)
      .map((places) => places.sort().join(', '))
      .sort()
  always((heard) => {
    const without = heard
      .map((each) => ({ ...each, addresses: own(each) }))
      .filter((each) => each.addresses.length > 0)
    deepEqual(together(merge(heard)), together(merge(without)))
  })
  t.end()
})

t.test('nor does it say which of two came first in one millisecond', (t) => {
  const advertisement = (id: string, key: string) => ({
    ...{ host: 'NixOS', user: 'nixos', boot: '0a1b2c3d', agent: '1.0.0', eui64: id, id },
    ...{ hostKeys: [`SHA256:${key.repeat(43)}`], os: undefined, flake: undefined },
  })
  const [first, second] = ['525400fffe000001', '525400fffe000002']
  const of = { source: 'service', at: 0, port: 22 } as const
  const card = { ...of, link: 'eno1', addresses: ['fe80::5054:ff:fe00:1'] }
  const elsewhere = { ...of, link: 'wlan0', addresses: ['2001:db8::1'] }
  const heard = (...more: string[]): Sighting[] => [
    { ...card, advertisement: advertisement(first, '1') },
    { ...elsewhere, advertisement: advertisement(first, '3') },
    {
      ...card,
      addresses: [...card.addresses, ...more],
      advertisement: advertisement(second, '2'),
    },
  ]
  t.equal(merge(heard(staticLinkLocal)).length, merge(heard()).length)
  t.end()
})

t.test(
  'every address that was heard is shown, fe80::47 at its newest holder if that is known',
  (t) => {
    always((heard) => {
      const machines = merge(heard)
      for (const sighting of heard)
        for (const address of own(sighting))
          equal(rowsAt(machines, sighting, address).length, 1, address)
      for (const link of ['eno1', 'wlan0']) {
        const of = heard.filter(
          (each) => each.link === link && own(each).length < each.addresses.length,
        )
        const looks = of.filter((each) => each.mac)
        const newest = Math.max(...looks.map((each) => each.at))
        const holders = new Set(looks.filter((each) => each.at === newest).map((each) => each.mac))
        const shown = machines.flatMap((machine) =>
          machine.links.filter((each) =>
            each.addresses.some(({ address }) => address === withZone(staticLinkLocal, link)),
          ),
        )
        if (of.length > 0) ok(shown.length > 0)
        if (looks.length === 0) continue
        equal(shown.length, 1)
        ok(holders.has(shown[0]?.mac ?? ''))
      }
    })
    t.end()
  },
)

t.test(
  'names, ports, sources and times are those that were told of the row, and none is lost',
  (t) => {
    always((heard) => {
      for (const [row, sightings] of byRow(heard)) {
        // What was told from fe80::47 alone may have been told by this one.
        const told = [...sightings, ...heard.filter((each) => own(each).length === 0)]
        for (const { source, at, name, port, ssh, advertisement } of sightings) {
          const when = new Date(at).toISOString()
          ok(row.sources.includes(source))
          ok(row.firstSeen <= when && when <= row.lastSeen)
          ok(!name || told.some((each) => each.name === row.name))
          ok(!port || told.some((each) => each.port === row.port))
          ok(!advertisement || told.some((each) => each.advertisement?.id === row.id))
          ok(!ssh || (row.ssh.reachable && row.ssh.banner !== null))
        }
      }
    })
    t.end()
  },
)

t.test(
  'a host key is at the row that showed it, and what was shown at fe80::47 at no other',
  (t) => {
    always((heard) => {
      const machines = merge(heard)
      const isVerified = (link: string) =>
        heard.some((each) => each.link === link && each.mac && own(each).length === 0)
      for (const sighting of heard)
        for (const key of keysOf(sighting)) {
          const [address] = own(sighting)
          if (address) {
            const [row] = rowsAt(machines, sighting, address)
            ok(row?.ssh.hostKeys.includes(key))
          } else if (!machines.some((each) => each.ssh.hostKeys.includes(key)))
            // Of somebody who is known by nothing but the address that another has now.
            ok(isVerified(sighting.link), key)
        }
      for (const [row, sightings] of byRow(heard)) {
        const shown = sightings.flatMap(keysOf)
        if (shown.length > 0) deepEqual([...row.ssh.hostKeys].sort(), [...new Set(shown)].sort())
      }
    })
    t.end()
  },
)

t.test(
  'a MAC that was cloned to another link is two machines as soon as both show their keys',
  (t) => {
    const honest = anyCrowd({ liars: false })
    fc.assert(
      fc.property(honest, (heard) => {
        // Those of the first machine, and of the one with its MAC on the other link.
        const mac = '52:54:00:00:00:01'
        const address = 'fe80::5054:ff:fe00:1'
        const probe = (link: string, number: number): Sighting => ({
          source: 'ssh',
          link,
          at: 5,
          addresses: [address],
          ssh: { reachable: true, banner: null, hostKeys: [`SHA256:${String(number).repeat(43)}`] },
        })
        // A lease that moves from one to the other on one link joins them there.
        const stay = heard.filter((each) => !each.addresses.includes('192.0.2.99'))
        const machines = merge([...stay, probe('eno1', 1), probe('wlan0', 3)])
        const rows = machines.filter((each) => each.links.some((link) => link.mac === mac))
        equal(rows.length, 2)
      }),
      { numRuns: 600 },
    )
    t.end()
  },
)
