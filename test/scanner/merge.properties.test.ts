import { deepEqual, equal, match } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { splitZone, withZone } from '../../common/address.ts'
import { staticLinkLocal } from '../../common/contract.ts'
import type { Machine } from '../../scanner/machine.ts'
import { merge } from '../../scanner/merge.ts'
import type { Sighting } from '../../scanner/sighting.ts'
import { anySighting, fakeAddresses } from '../fakes/sighting.ts'

/** Machines 0, 1 and 2 of the fakes: who owns an address. */
const owners = new Map(
  [0, 1, 2].flatMap((machine) =>
    [0, 1].flatMap((card) =>
      fakeAddresses(machine, card).map((each): [string, number] => [each, machine]),
    ),
  ),
)

const lies = fc.array(anySighting(false), { maxLength: 20 })
/** One sighting a millisecond: which one is the newest is never in question. */
const truth = fc
  .array(anySighting(true), { maxLength: 20 })
  .map((each) => each.map((sighting, at) => ({ ...sighting, at })))

function always(sightings: fc.Arbitrary<Sighting[]>, holds: (heard: Sighting[]) => void): void {
  fc.assert(fc.property(sightings, holds), { numRuns: 1000 })
}

const addressesOf = (machine: Machine) =>
  machine.links.flatMap((link) => link.addresses.map((each) => each.address))

t.test('the order in which sightings come does not matter, nor that they come twice', (t) => {
  const orders = lies.chain((heard) =>
    fc.tuple(
      fc.constant(heard),
      fc.shuffledSubarray([...heard, ...heard], { minLength: heard.length * 2 }),
    ),
  )
  fc.assert(
    fc.property(orders, ([heard, again]) => deepEqual(merge(again), merge(heard))),
    { numRuns: 1000 },
  )
  t.end()
})

t.test('one MAC on one link is never two rows, nor two entries of a row', (t) => {
  always(lies, (heard) => {
    const cards = merge(heard).flatMap((machine) =>
      machine.links.flatMap((link) => (link.mac ? `${link.interface} ${link.mac}` : [])),
    )
    equal(new Set(cards).size, cards.length)
  })
  t.end()
})

t.test(
  'ids are 16 hex digits, the target is an address of the row, and every link-local address has the zone of its link',
  (t) => {
    always(lies, (heard) => {
      for (const machine of merge(heard)) {
        equal(addressesOf(machine).includes(machine.target), true)
        match(machine.id, /^[0-9a-f]{16}$/)
        for (const link of machine.links)
          for (const { address } of link.addresses)
            equal(address, withZone(splitZone(address).address, link.interface))
      }
    })
    t.end()
  },
)

t.test('no two machines become one row while nobody lies, whoever holds fe80::47 when', (t) => {
  always(truth, (heard) => {
    for (const machine of merge(heard)) {
      const met = addressesOf(machine).flatMap((each) => owners.get(splitZone(each).address) ?? [])
      equal(new Set(met).size <= 1, true, JSON.stringify(machine))
    }
  })
  t.end()
})

t.test('fe80::47 is shown once a link, at the newest holder that was verified', (t) => {
  always(lies, (heard) => {
    for (const link of ['eno1', 'wlan0']) {
      const verified = heard.filter(
        (each) => each.link === link && each.mac && each.addresses.includes(staticLinkLocal),
      )
      const newest = Math.max(...verified.map((each) => each.at))
      const holders = new Set(verified.filter((each) => each.at === newest).map((each) => each.mac))
      if (holders.size === 0) continue
      const shown = merge(heard).flatMap((machine) =>
        machine.links.filter((each) =>
          each.addresses.some(({ address }) => address === `${staticLinkLocal}%${link}`),
        ),
      )
      equal(shown.length, 1)
      equal(holders.has(shown[0]?.mac ?? ''), true)
    }
  })
  t.end()
})

t.test('nothing heard is lost: addresses, names, host keys, sources, times', (t) => {
  always(truth, (heard) => {
    const machines = merge(heard)
    for (const { addresses, link, name, ssh, source, at } of heard) {
      if (addresses.every((each) => each === staticLinkLocal)) continue
      const zoned = addresses.map((each) => withZone(each, link))
      const rows = machines.filter((machine) =>
        zoned.some((each) => addressesOf(machine).includes(each)),
      )
      const missing = zoned.filter((each) => !rows.some((row) => addressesOf(row).includes(each)))
      equal(
        missing.every((each) => each.startsWith(`${staticLinkLocal}%`)),
        true,
      )
      if (name)
        equal(
          rows.some((row) => row.name === name),
          true,
          name,
        )
      for (const key of ssh?.hostKeys ?? [])
        equal(
          rows.some((row) => row.ssh.hostKeys.includes(key)),
          true,
          key,
        )
      const when = new Date(at).toISOString()
      equal(
        rows.some(
          (row) => row.sources.includes(source) && row.firstSeen <= when && row.lastSeen >= when,
        ),
        true,
        source,
      )
    }
  })
  t.end()
})
