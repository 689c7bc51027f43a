import t from 'tap'
import { installedAlias, pinning, readPublicKeys } from '../../../scanner/install/installed-keys.ts'
import { formatKnownHosts, parseKnownHosts } from '../../../scanner/trust/known-hosts-lines.ts'
import { fakeHostKey } from '../../fakes/host-key.ts'

const id = '525400fffe123456'

t.test('the keys of the new system are kept beside those of the live one', (t) => {
  const [one = '', two = ''] = [fakeHostKey(), fakeHostKey()].map(
    (pair) => pair.public.split(' ')[1],
  )
  const keys = readPublicKeys(`ssh-ed25519 ${one} root@new\nno key\nssh-rsa ${one}\n\n`)
  t.same(keys, [{ type: 'ssh-ed25519', key: one }])
  const before = parseKnownHosts(`installer-${id} ssh-ed25519 ${two} boot=1\n# mine\n`)
  const after = pinning(before, id, keys, 'since=2026-11-27')
  const line = `${installedAlias(id)} ssh-ed25519 ${one} since=2026-11-27\n`
  t.equal(formatKnownHosts(after), `${formatKnownHosts(before)}${line}`)
  const again = pinning(after, id, [{ type: 'ssh-ed25519', key: two }], '')
  t.equal(
    formatKnownHosts(again),
    `${formatKnownHosts(before)}${installedAlias(id)} ssh-ed25519 ${two}\n`,
  )
  t.end()
})
