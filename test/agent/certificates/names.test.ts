import t from 'tap'
import { principals } from '../../../agent/certificates/names.ts'
import { fakeLink } from '../../fakes/link.ts'

const id = '525400fffe123456'

t.test('identity, host name, and the name with the MAC of each card', (t) => {
  const links = [fakeLink(), fakeLink({ mac: '52:54:00:aa:bb:cc' })]
  t.same(principals(id, 'NixOS', links), [
    `installer-${id}`,
    `${id}.installer`,
    ...['nixos', 'nixos-123456', 'nixos-aabbcc'].flatMap((label) => [
      label,
      `${label}.local`,
      `${label}.installer`,
    ]),
  ])
  t.end()
})

t.test('not more than ssh takes, whatever is plugged in', (t) => {
  const links = Array.from({ length: 1000 }, (_, index) =>
    fakeLink({
      mac: `52:54:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`,
    }),
  )
  const names = principals(id, 'NixOS', links)
  t.ok(names.length <= 256, String(names.length))
  t.ok(names.includes(`installer-${id}`))
  t.end()
})
