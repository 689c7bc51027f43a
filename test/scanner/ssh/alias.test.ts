import t from 'tap'
import { withoutAliasSuffix } from '../../../scanner/ssh/alias.ts'

t.test('the suffix is taken off once, in whatever case; all else is the name', (t) => {
  for (const [typed, name] of [
    ['NixOS.installer', 'NixOS'],
    ['NixOS.Installer', 'NixOS'],
    ['3456.INSTALLER', '3456'],
    ['525400fffe123456.installer', '525400fffe123456'],
    ['nixos.local.installer', 'nixos.local'],
    ['fe80::47%op0.installer', 'fe80::47%op0'],
    ['a.installer.installer', 'a.installer'],
    ['.installer', ''],
    ['installer', 'installer'],
    ['NixOS', 'NixOS'],
    ['NixOS.installers', 'NixOS.installers'],
  ] as const)
    t.equal(withoutAliasSuffix(typed), name, typed)
  t.end()
})
