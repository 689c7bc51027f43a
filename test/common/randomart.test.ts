import { join } from 'node:path'
import t from 'tap'
import { ed25519Randomart, readHostKeys } from '../../agent/host-keys.ts'
import { runCommand } from '../../common/command.ts'
import { randomart } from '../../common/randomart.ts'
import { isInstalled } from '../netns/lab.ts'

t.test(
  'it is what ssh-keygen draws',
  { skip: !isInstalled('ssh-keygen') && 'not installed: ssh-keygen' },
  async (t) => {
    const folder = t.testdir()
    const path = join(folder, 'ssh_host_ed25519_key')
    for (let round = 0; round < 10; round++) {
      await runCommand('rm', ['-f', path, `${path}.pub`])
      await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path])
      const { stdout } = await runCommand('ssh-keygen', ['-l', '-v', '-f', `${path}.pub`])
      const [said, ...picture] = stdout.trimEnd().split('\n')
      const keys = readHostKeys(folder)
      t.match(said, keys[0]?.fingerprint)
      t.same(ed25519Randomart(keys), picture)
    }
  },
)

t.test('no square has more visits than there are marks for', (t) => {
  // Each step into a corner, where the bishop stays: 128 visits of one square.
  const picture = randomart('ED25519 256', new Uint8Array(32))
  t.equal(picture.length, 11)
  t.ok(picture.every((line) => line.length === 19))
  t.match(picture[1], /^\|E/)
  t.end()
})

t.test('without an ed25519 key there is none', (t) => {
  t.same(ed25519Randomart([{ algorithm: 'ssh-rsa', fingerprint: `SHA256:${'A'.repeat(43)}` }]), [])
  t.end()
})
