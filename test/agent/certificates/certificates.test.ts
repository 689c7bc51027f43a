import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Certificates } from '../../../agent/certificates/certificates.ts'
import type { RunOptions } from '../../../agent/options.ts'
import { fakeLink } from '../../fakes/link.ts'
import { fakeOptions } from '../../fakes/options.ts'
import { isInstalled } from '../../netns/lab.ts'

const skip = !isInstalled('ssh-keygen') && 'not installed: ssh-keygen'
const id = '525400fffe123456'

function keygen(...args: string[]): string {
  return execFileSync('ssh-keygen', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** An authority, sshd's keys of two kinds, and an agent's certificates of them; `said` is what is loud. */
function setUp(t: Test, over: Partial<RunOptions> = {}) {
  const folder = t.testdir()
  const [caKey, hostKeys, made] = ['ca', 'keys', 'run/made'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  mkdirSync(hostKeys)
  keygen('-q', '-t', 'ed25519', '-N', '', '-f', caKey)
  for (const type of ['ed25519', 'ecdsa'])
    keygen('-q', '-t', type, '-N', '', '-f', join(hostKeys, `ssh_host_${type}_key`))
  const said: string[] = []
  const say = (level: string) => (fields: object, sentence: string) => {
    said.push([level, sentence, ...Object.values(fields)].join(' '))
  }
  const log = { error: say('error'), warn: say('warn'), info: () => {}, debug: () => {} }
  const options = fakeOptions({ caKey, hostKeys, certificates: made, ...over })
  const certificates = new Certificates(options, '0a1b2c3d', log)
  const shown = (type: string) => keygen('-L', '-f', join(made, `ssh_host_${type}_key-cert.pub`))
  return { certificates, caKey, hostKeys, made, said, shown }
}

t.test(
  'each host key gets a certificate, of a bounded life, in a folder of its own',
  { skip },
  async (t) => {
    const { certificates, caKey, hostKeys, made, said, shown } = setUp(t)
    await certificates.update(id, [fakeLink()])
    t.same(said, [])
    const names = ['ssh_host_ecdsa_key-cert.pub', 'ssh_host_ed25519_key-cert.pub']
    t.same(readdirSync(made).sort(), names, 'and nothing unfinished')
    for (const name of names) t.equal(statSync(join(made, name)).mode & 0o777, 0o644)
    t.equal(readdirSync(hostKeys).length, 4, "sshd's folder is left alone")
    const text = shown('ed25519')
    const [, fingerprint] = keygen('-lf', caKey).split(' ')
    for (const part of [
      'host certificate',
      `Signing CA: ED25519 ${fingerprint}`,
      `Key ID: "installer-${id}-0a1b2c3d"`,
      `installer-${id}\n`,
      'nixos.local\n',
    ])
      t.match(text, part)
    const [, year] = /Valid: before (\d{4})-/.exec(text) ?? []
    t.equal(Number(year), new Date(Date.now() + 365 * 86_400_000).getFullYear())
  },
)

t.test('it is made once, and again for another name only', { skip }, async (t) => {
  const { certificates, caKey, said, shown } = setUp(t)
  await certificates.update(id, [fakeLink()])
  rmSync(caKey)
  await certificates.update(id, [fakeLink()])
  await certificates.update(id, [])
  t.same(said, [], 'the key is not even looked at')
  await certificates.update(id, [fakeLink({ mac: '52:54:00:aa:bb:cc' })])
  t.match(said, [/^error the host keys have no certificate .*cannot read/])
  t.notMatch(shown('ed25519'), 'aabbcc', 'the old ones stay')
})

t.test('a card that comes later is named as well', { skip }, async (t) => {
  const { certificates, shown } = setUp(t)
  await certificates.update(id, [fakeLink()])
  await certificates.update(id, [fakeLink({ mac: '52:54:00:aa:bb:cc' })])
  for (const name of ['nixos-123456.local', 'nixos-aabbcc.local']) t.match(shown('ecdsa'), name)
})

t.test('what is wrong with the key is said once, and stops nothing', { skip }, async (t) => {
  const cases: [string, (set: ReturnType<typeof setUp>) => void, RegExp][] = [
    ['open', ({ caKey }) => chmodSync(caKey, 0o640), /ca has mode 0640.*|chmod 600/],
    ['none', ({ caKey }) => rmSync(caKey), /cannot read.*--ca-key none|--ca-key none.*cannot read/],
    [
      'locked',
      ({ caKey }) => void keygen('-p', '-q', '-N', 'secret', '-f', caKey),
      /ssh-keygen ended.*passphrase/,
    ],
    ['no keys', ({ hostKeys }) => rmSync(hostKeys, { recursive: true }), /no ssh_host_\*_key.pub/],
  ]
  for (const [name, spoil, complaint] of cases)
    await t.test(name, async (t) => {
      const set = setUp(t)
      spoil(set)
      for (let looks = 0; looks < 2; looks++) await set.certificates.update(id, [fakeLink()])
      t.equal(set.said.length, 1)
      t.match(set.said[0], /^error the host keys have no certificate/)
      t.match(set.said[0], complaint)
      t.throws(() => readFileSync(join(set.made, 'ssh_host_ed25519_key-cert.pub')))
    })
})

t.test('without ssh-keygen it is a warning', { skip }, async (t) => {
  const { certificates, said } = setUp(t)
  const path = process.env.PATH
  t.teardown(() => {
    process.env.PATH = path
  })
  process.env.PATH = '/nonexistent'
  await certificates.update(id, [fakeLink()])
  t.match(said, [/^warn the host keys have no certificate .*'ssh-keygen' was not found/])
})

t.test('without an authority nothing is done', { skip }, async (t) => {
  const { certificates, said, made } = setUp(t, { caKey: undefined })
  await certificates.update(id, [fakeLink()])
  t.same(said, [])
  t.throws(() => readdirSync(made))
})
