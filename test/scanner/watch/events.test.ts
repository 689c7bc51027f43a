import t from 'tap'
import { compare } from '../../../scanner/watch/events.ts'
import { fakeMachine } from '../../fakes/machine.ts'

const [link] = fakeMachine().links
const away = fakeMachine({ id: '0000000000000001', links: [], name: 'other' })
const told = (before: Parameters<typeof compare>[0], after: Parameters<typeof compare>[1]) =>
  compare(before, after).events.map(({ event, machine, formerId }) =>
    formerId ? [event, machine.id, formerId] : [event, machine.id],
  )

t.test('who comes is found, who goes is lost, who stays is not worth a word', (t) => {
  const machine = fakeMachine()
  t.same(told([], [machine]), [['found', machine.id]])
  t.same(told([machine], []), [['lost', machine.id]])
  t.same(told([machine, away], [away, { ...machine }]), [])
  t.same(told([machine], [away]), [
    ['found', away.id],
    ['lost', machine.id],
  ])
  t.end()
})

t.test('all but the moments counts as a change, and the first of them is kept', (t) => {
  const before = fakeMachine({ firstSeen: '2026-01-01T00:00:00.000Z' })
  t.same(told([before], [fakeMachine()]), [])
  for (const over of [
    { name: 'nixos-123456' },
    { sources: ['mdns' as const] },
    { ssh: { ...before.ssh, reachable: false } },
    { agent: null },
    { target: '192.0.2.7' },
  ])
    t.same(told([before], [fakeMachine(over)]), [['changed', before.id]], JSON.stringify(over))
  const later = fakeMachine({ firstSeen: '2026-01-02T00:00:00.000Z', name: 'x' })
  const { machines, events } = compare([before], [later])
  t.equal(machines[0]?.firstSeen, before.firstSeen)
  t.equal(events[0]?.machine, machines[0])
  t.end()
})

t.test('one with another id at the same address is the same, and not another', (t) => {
  const madeUp = fakeMachine({ id: 'ffffffffffffffff' })
  t.same(told([madeUp], [fakeMachine()]), [['changed', fakeMachine().id, madeUp.id]])
  // fe80::47 is everybody's, and the same address on another link another's.
  const addresses = [{ address: 'fe80::47%eno1', kind: 'static' as const }]
  const holder = (id: string) => fakeMachine({ id, links: link ? [{ ...link, addresses }] : [] })
  t.same(told([holder('0000000000000001')], [holder('0000000000000002')]), [
    ['found', '0000000000000002'],
    ['lost', '0000000000000001'],
  ])
  t.same(
    told([madeUp], [fakeMachine({ links: link ? [{ ...link, interface: 'wlan0' }] : [] })]).length,
    2,
  )
  t.end()
})

t.test('of two that turn out to be one, one goes on and one is lost', (t) => {
  const second = fakeMachine({
    id: '0000000000000002',
    links: link ? [{ ...link, interface: 'wlan0' }] : [],
  })
  const joined = fakeMachine({ links: [...fakeMachine().links, ...second.links] })
  t.same(told([fakeMachine(), second], [joined]), [
    ['changed', joined.id],
    ['lost', second.id],
  ])
  t.end()
})
