import t from 'tap'
import { LinkNames, namesAfter, uniqueName } from '../../agent/names.ts'
import { hostLabel } from '../../common/advertisement.ts'

const mac = '52:54:00:1a:e4:b7'

t.test('names after conflicts are the same at each boot, and always host labels', (t) => {
  t.same(namesAfter(0, 'NixOS', mac), { host: 'NixOS', unique: 'nixos-1ae4b7' })
  t.same(namesAfter(1, 'NixOS', mac), { host: 'nixos-1ae4b7', unique: 'nixos-1ae4b7' })
  t.same(namesAfter(2, 'NixOS', mac), { host: 'nixos-1ae4b7-2', unique: 'nixos-1ae4b7-2' })
  const long = 'a'.repeat(63)
  t.equal(uniqueName(long, mac), `${'a'.repeat(56)}-1ae4b7`)
  for (const conflicts of [0, 1, 2, 15, 999])
    t.match(namesAfter(conflicts, long, mac).host, hostLabel)
  t.end()
})

t.test('what is lost in one family is lost in the other, once', (t) => {
  const names = new LinkNames('NixOS', mac)
  let changes = 0
  names.onChange(() => changes++)
  t.equal(names.held.host, 'NixOS')
  names.lose('NixOS')
  names.lose('NixOS')
  t.equal(names.held.host, 'nixos-1ae4b7')
  t.equal(changes, 1, 'the second family to notice changes nothing')
  t.end()
})
