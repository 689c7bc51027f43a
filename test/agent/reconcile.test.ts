import t from 'tap'
import { missingAddresses, removableAddresses } from '../../agent/reconcile.ts'
import { fakeAddress, fakeLink } from '../fakes/link.ts'

const own = { address: 'fe80::5054:ff:fe12:3456', deprecated: false }
const static_ = { address: 'fe80::47', deprecated: true }

t.test('what is there is left alone, whatever its state', (t) => {
  for (const [what, addresses, expected] of [
    ['nothing is there', [], [own, static_]],
    ['one is there', [fakeAddress(own.address)], [static_]],
    ['still tentative', [fakeAddress(own.address, { tentative: true })], [static_]],
    ['taken', [fakeAddress('fe80::47', { tentative: true, dadFailed: true })], [own]],
    ['put there by another', [fakeAddress('fe80::47'), fakeAddress(own.address)], []],
  ] as const)
    t.same(
      missingAddresses(fakeLink({ addresses: [...addresses] }), [own, static_]),
      expected,
      what,
    )
  t.end()
})

t.test('only an address that was added and is still there is removed', (t) => {
  const link = fakeLink({ addresses: [fakeAddress('fe80::47'), fakeAddress('fe80::1')] })
  t.same(removableAddresses(link, new Set(['fe80::47', own.address])), ['fe80::47'])
  t.same(removableAddresses(link, new Set()), [])
  t.end()
})
