import t from 'tap'
import { hostLabelOf, isAskedFor } from '../../scanner/sighting.ts'

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
