import { randomBytes } from 'node:crypto'
import t from 'tap'
import {
  fits,
  heldTo,
  hostKeyAlgorithms,
  mismatch,
} from '../../../../scanner/ssh/built-in/host-key.ts'
import { parseKnownHosts } from '../../../../scanner/trust/known-hosts-lines.ts'

const machine = { id: '525400fffe123456', name: 'NixOS' }
const alias = 'installer-525400fffe123456'

function makeKey(type: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(type.length)
  return Buffer.concat([length, Buffer.from(type), randomBytes(36)])
}
const line = (words: string, key: Buffer) => {
  const type = key.toString('latin1', 4, 4 + key.readUInt32BE())
  return `${words} ${type} ${key.toString('base64')}\n`
}
const held = (text: string, newKeys: 'accept' | 'refuse' = 'refuse') =>
  heldTo(machine, parseKnownHosts(text), newKeys)

const key = makeKey('ssh-ed25519')
const rsa = makeKey('ssh-rsa')
const other = makeKey('ssh-ed25519')

t.test('a server is held to the remembered keys of the machine', (t) => {
  const both = held(line(alias, key) + line(alias, rsa) + line('installer-0000000000000000', other))
  t.ok(fits(key, both))
  t.ok(fits(rsa, both))
  t.notOk(fits(other, both), 'not to those of another')
  t.notOk(fits(other, held(line(alias, key), 'accept')), 'known ones are not added to')
  t.ok(fits(other, held('', 'accept')), 'a first one')
  t.notOk(fits(other, held('', 'refuse')))
  t.notOk(fits(key, held(line(alias, key) + line(`@revoked ${alias}`, key))))
  t.notOk(fits(key, held(line('@revoked *', key), 'accept')), 'a first one that is revoked')
  t.end()
})

t.test('a refusal says what was shown', (t) => {
  const known = held(line(alias, key))
  const { message, exitStatus } = mismatch(machine, other, known)
  t.match(message, /NixOS shows the host key SHA256:\S+, and remembered is SHA256:\S+$/)
  t.equal(exitStatus, 5)
  const revoked = mismatch(machine, key, held(line('@revoked *', key), 'accept'))
  t.match(revoked.message, /which is revoked/)
  t.end()
})

t.test('an authority alone is not enough', (t) => {
  const authority = line('@cert-authority installer-*', other)
  t.throws(() => held(authority), { exitStatus: 5, message: /only a certificate authority/ })
  t.ok(fits(key, held(authority + line(alias, key))), 'with a plain key it is')
  t.doesNotThrow(() => held(line('@cert-authority *.example', other)), 'of others')
  t.end()
})

t.test('known types of keys are asked for first, and ed25519 before others', (t) => {
  t.equal(hostKeyAlgorithms({ types: [] })[0], 'ssh-ed25519')
  t.same(hostKeyAlgorithms({ types: ['ssh-rsa'] }).slice(0, 3), [
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-ed25519',
  ])
  t.equal(hostKeyAlgorithms({ types: ['ssh-rsa', 'ssh-ed25519'] })[0], 'ssh-ed25519')
  const odd = hostKeyAlgorithms({ types: ['ssh-dss', '__proto__', 'toString'] })
  t.same(odd, hostKeyAlgorithms({ types: [] }), 'only what ssh2 has')
  t.end()
})
