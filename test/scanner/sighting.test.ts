import t from 'tap'
import { hostLabelOf, isAskedFor, onLink, type Sighting } from '../../scanner/sighting.ts'
import { elsewhere } from '../fakes/lies.ts'
import { fakeAddress, fakeLink } from '../fakes/link.ts'

t.test('a host name is shown only if it is one label of letters, digits and hyphens', (t) => {
  for (const [name, expected] of [
    ['NixOS.local', 'NixOS'],
    ['nixos.LOCAL.', 'nixos'],
    ['nixos-1ae4b7', 'nixos-1ae4b7'],
    ['a.b.local', undefined],
    ['-oProxyCommand=x.local', undefined],
    ['a b.local', undefined],
    ['a\x1b[2J.local', undefined],
    ['a\n.local', undefined],
    ['n\u0456xos.local', undefined],
    ['../x.local', undefined],
    ['$(id).local', undefined],
    [`${'a'.repeat(64)}.local`, undefined],
    ['.local', undefined],
    ['', undefined],
  ] as const)
    t.equal(hostLabelOf(name), expected, JSON.stringify(name))
  t.end()
})

t.test('names are compared without case (RFC 6762 section 16)', (t) => {
  t.ok(isAskedFor('NIXOS', { names: ['other', 'NixOS'] }))
  t.notOk(isAskedFor('NixOS-2', { names: ['NixOS'] }))
  t.end()
})

t.test('only addresses that a machine on the link can have are believed', (t) => {
  const addresses = [fakeAddress('fe80::1'), fakeAddress('192.0.2.1', { prefixLength: 24 })]
  const link = fakeLink({ addresses })
  const heard = (named: string[]): Sighting => ({
    source: 'mdns',
    link: 'eno1',
    at: 0,
    addresses: named,
  })
  const good = ['fe80::2', '192.0.2.7']
  t.same(onLink(heard([...good, ...elsewhere, 'fe80::1']), link)?.addresses, good)
  t.equal(onLink(heard(elsewhere), link), undefined, 'none is left: it is nobody')
  t.equal(onLink(heard(['fe80::1', '192.0.2.1']), link), undefined, 'our own')
  const many = Array.from({ length: 5000 }, (_, index) => `fe80::1:${(index + 1).toString(16)}`)
  t.ok((onLink(heard(many), link)?.addresses.length ?? 0) <= 32)
  t.end()
})
