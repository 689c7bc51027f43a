import t from 'tap'
import { desiredAddresses, isServed } from '../../../agent/addresses/desired-addresses.ts'
import { fakeLink } from '../../fakes/link.ts'

t.test('a link wants its EUI-64 address, and the static one only to be reached by', (t) => {
  const own = { address: 'fe80::5054:ff:fe12:3456', deprecated: false }
  t.same(desiredAddresses(fakeLink(), 'fe80::47'), [own, { address: 'fe80::47', deprecated: true }])
  t.same(desiredAddresses(fakeLink(), undefined), [own])
  t.same(desiredAddresses(fakeLink({ mac: undefined }), 'fe80::47'), [])
  t.end()
})

t.test('only a running link with a card of its own is served, whatever its name', (t) => {
  for (const [what, over, expected] of [
    ['a card', {}, true],
    ['a virtual one', { physical: false, name: 'veth0' }, true],
    ['without carrier', { running: false }, false],
    ['without multicast', { multicast: false }, false],
    ['the loopback', { loopback: true }, false],
    ['a bridge port', { enslaved: true }, false],
    ['a tunnel', { mac: undefined }, false],
  ] as const)
    t.equal(isServed(fakeLink(over), []), expected, what)
  t.ok(isServed(fakeLink(), ['wl*', 'en*']))
  t.notOk(isServed(fakeLink(), ['wl*']))
  t.notOk(isServed(fakeLink({ enslaved: true }), ['en*']), 'a pattern forces nothing')
  t.end()
})
