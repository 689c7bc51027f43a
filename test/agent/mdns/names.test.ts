import t from 'tap'
import { LinkNames, namesAfter, uniqueName } from '../../../agent/mdns/names.ts'
import { hostLabel } from '../../../common/advertisement.ts'

const mac = '52:54:00:1a:e4:b7'

t.test('names after conflicts are the same at each boot, and always host labels', (t) => {
  const own = 'nixos-1ae4b7'
  t.same(namesAfter(false, 0, 'NixOS', mac), { host: 'NixOS', unique: own })
  t.same(namesAfter(true, 0, 'NixOS', mac), { host: own, unique: own })
  t.same(namesAfter(true, 1, 'NixOS', mac), { host: `${own}-2`, unique: `${own}-2` })
  t.same(namesAfter(false, 1, 'NixOS', mac), { host: 'NixOS', unique: `${own}-2` }, 'a cloned MAC')
  const long = 'a'.repeat(63)
  t.equal(uniqueName(long, mac), `${'a'.repeat(56)}-1ae4b7`)
  for (const conflicts of [0, 1, 2, 15, 999])
    t.match(namesAfter(true, conflicts, long, mac).host, hostLabel)
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
  names.lose('NIXOS-1AE4B7')
  t.equal(names.held.host, 'nixos-1ae4b7-2')
  t.end()
})

t.test('fifteen conflicts within ten seconds are many (RFC 6762 section 8.1)', (t) => {
  const names = new LinkNames('NixOS', mac)
  for (let second = 0; second < 14; second++) names.noteConflict(second * 100)
  t.notOk(names.isThrottled(1400))
  names.noteConflict(1400)
  t.ok(names.isThrottled(1500))
  t.ok(names.isThrottled(9_999))
  t.notOk(names.isThrottled(10_000), 'the first is ten seconds ago')
  t.equal(names.conflicts, 15)
  t.end()
})
