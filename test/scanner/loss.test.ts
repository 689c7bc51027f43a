import t from 'tap'
import { showsLoss } from '../../scanner/loss.ts'
import type { Sighting, SourceName } from '../../scanner/sighting.ts'
import { fakeAdvertisement } from '../fakes/sighting.ts'

const seen = (source: SourceName, address: string, over: Partial<Sighting> = {}): Sighting => ({
  source,
  link: 'eno1',
  at: 0,
  addresses: [address],
  ...over,
})
const agent = (address: string) => seen('service', address, { advertisement: fakeAdvertisement(1) })
const entry = (address: string) => seen('neighbour', address, { mac: '52:54:00:00:00:01' })

t.test('who answers every way that it was asked shows no loss', (t) => {
  const all = ['fe80::7', 'fe80::8']
  const round = all.flatMap((each) => [seen('neighbour', each), seen('static', each), agent(each)])
  t.notOk(showsLoss(round))
  t.notOk(showsLoss([...round, seen('neighbour', 'fe80::9')]), 'no installer, not of the group')
  t.notOk(showsLoss([...round, seen('static', 'fe80::47')]), 'the holder answers from its own')
  t.notOk(showsLoss([agent('fe80::7')]), 'no echo came through at all: it is forbidden')
  t.notOk(showsLoss([]))
  t.end()
})

t.test('who answers one echo and not the other, which it always answers, shows a loss', (t) => {
  const both = [seen('neighbour', 'fe80::7'), seen('static', 'fe80::7')]
  t.ok(showsLoss([...both, seen('static', 'fe80::8')]))
  t.ok(showsLoss([...both, seen('neighbour', 'fe80::8'), agent('fe80::8')]))
  t.ok(showsLoss([seen('static', 'fe80::8'), entry('fe80::9')]), 'all nodes were asked in vain')
  t.end()
})

t.test('what one link loses is not made up for by another', (t) => {
  const eno1 = [seen('neighbour', 'fe80::7'), seen('static', 'fe80::7'), seen('static', 'fe80::8')]
  const there = seen('neighbour', 'fe80::8', { link: 'wlan0' })
  t.ok(showsLoss([...eno1, there]))
  t.end()
})

t.test(
  'where so many answer that they fill the neighbour table some may not have got through',
  (t) => {
    const crowd = (size: number) =>
      Array.from({ length: size }, (_, n) => seen('neighbour', `fe80::1:${n.toString(16)}`))
    t.ok(showsLoss(crowd(128)))
    t.notOk(showsLoss(crowd(127)))
    t.end()
  },
)
