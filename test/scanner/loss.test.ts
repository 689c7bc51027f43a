import t from 'tap'
import { answersWereLost, type Evidence, nearlyFull, showsLoss } from '../../scanner/loss.ts'
import type { Sighting } from '../../scanner/sighting.ts'
import { fakeAdvertisement } from '../fakes/sighting.ts'

const address = (index: number) => `fe80::5054:ff:fe01:${index.toString(16)}`
const addresses = (count: number) => new Set(Array.from({ length: count }, (_, n) => address(n)))

const nobody: ReadonlySet<string> = new Set()

const complete: Evidence = {
  once: addresses(200),
  byGroup: addresses(200),
  echoes: { sent: 2, answered: 400 },
  seen: 200,
}

const few = { once: addresses(20), byGroup: addresses(20), seen: 20 }

t.test('answers were lost when somebody answered one way and not another', (t) => {
  t.notOk(answersWereLost(complete))
  for (const [what, expected, over] of [
    ['no echo came back', true, { echoes: { sent: 2, answered: 0 } }],
    ['and ping has not said that it asked', true, { echoes: { sent: 0, answered: 0 } }],
    ['nor did it to a few', false, { ...few, echoes: { sent: 0, answered: 0 } }],
    ['no echo was wanted', false, { echoes: undefined }],
    ['nobody is there', false, { once: nobody, byGroup: nobody, seen: 0 }],
    ['one of a crowd could not answer by unicast', true, { once: addresses(199) }],
    ['of a few the echoes tell', false, { once: addresses(19), byGroup: addresses(20), seen: 20 }],
    ['a firewall drops all unicast answers', false, { once: nobody }],
    ['one has answered the group before', false, { byGroup: addresses(199) }],
    ['a firewall drops what goes to the group', false, { byGroup: nobody }],
    ['and the table may be full', true, { byGroup: nobody, seen: nearlyFull }],
  ] as const)
    t.equal(answersWereLost({ ...complete, ...over }), expected, what)
  t.end()
})

const seen = (source: Sighting['source'], index: number): Sighting => ({
  source,
  link: 'op0',
  at: 0,
  addresses: [address(index)],
})
const announced = (index: number, over: object = {}): Sighting => ({
  ...seen('service', index),
  advertisement: { ...fakeAdvertisement(1), static: 'waiting' },
  ...over,
})

t.test('a round shows loss when an echo was answered to one group only', (t) => {
  const both = [seen('neighbour', 1), seen('static', 1), announced(1)]
  t.notOk(showsLoss(both))
  t.ok(showsLoss([...both, seen('static', 2)]), 'who is in the beacon is one of all nodes')
  t.ok(showsLoss([...both, announced(2)]), 'who says so is in the beacon')
  t.notOk(showsLoss([...both, seen('neighbour', 2)]), 'not everybody is')
  const holder = announced(2, { addresses: [address(2), 'fe80::47'] })
  t.notOk(showsLoss([...both, holder]), 'the holder may answer from fe80::47')
  const crowd = Array.from({ length: 100 }, (_, n) => [seen('neighbour', n), seen('static', n)])
  t.notOk(showsLoss([...crowd.flat(), announced(200)]), 'of a crowd ping drops some')
  t.end()
})
