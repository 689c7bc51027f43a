import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeKeyPair, signHostKeys } from '../../common/ssh-keygen.ts'
import {
  type InstallerFiles,
  makeKeys,
  startAgent,
  startSshServer,
  whyNoSshd,
} from '../../scanner/demo/installer.ts'
import { connect, type Namespace } from '../../scanner/demo/namespace.ts'
import { type Lab, machine, makeLab, plug, skipWithout, sshOptions } from './lab.ts'

/** A certificate authority of installers: who is let in without a word, and who is refused. */

const noSshd = await whyNoSshd()
const skip =
  skipWithout('ip', 'ping', 'ssh', 'sshd', 'ssh-keygen', 'ssh-keyscan') ||
  (noSshd !== undefined && `sshd cannot run here: ${noSshd}`)

const mac = '52:54:00:12:34:56'
const alias = 'installer-525400fffe123456'
const certificateIn = (folder: string) => join(folder, 'ssh_host_ed25519_key-cert.pub')

/** An operator who trusts an authority that `trust ca init` has made; `ca` is its private half. */
async function trustingLab(t: Test): Promise<{ lab: Lab; ca: string }> {
  const lab = await makeLab(t)
  const folder = await lab.newFolder('ca')
  const made = await lab.scanner(['trust', 'ca', 'init', '--folder', folder])
  t.equal(made.status, 0, made.stderr)
  return { lab, ca: join(folder, 'installer_ca') }
}

/** New host keys, as a live system has them at each boot; the operator's key stays. */
async function bootKeys(lab: Lab, name: string): Promise<InstallerFiles> {
  const files = await makeKeys(await lab.newFolder(name))
  return { ...files, identity: lab.files.identity }
}

/** Signs a host key by hand; `validUntil` in seconds since 1970. */
async function certify(ca: string, { folder }: InstallerFiles, validUntil: number): Promise<void> {
  const publicKeys = [join(folder, 'ssh_host_ed25519_key.pub')]
  const principals = [alias]
  await signHostKeys({ authority: ca, identity: 'by hand', principals, validUntil, publicKeys })
}

/** Switches a machine on: the agent signs and announces, then sshd starts with what is there. */
async function boot(namespace: Namespace, files: InstallerFiles, ca?: string): Promise<void> {
  const signs = ca ? ['--ca-key', ca, '--certificates', files.folder] : []
  await startAgent(namespace, files, signs)
  await startSshServer(namespace, { ...files, certificate: certificateIn(files.folder) })
}

const knownHosts = (lab: Lab) =>
  readFile(join(lab.files.folder, 'installer-discovery', 'known_hosts'), 'utf8')

/** Opens ssh to a name and holds that nothing was asked, said or written down. */
async function letInSilently(t: Test, lab: Lab, name: string): Promise<void> {
  const before = await knownHosts(lab)
  const { status, stdout, stderr } = await lab.scanner([
    'ssh',
    name,
    ...sshOptions(lab),
    'echo',
    'in',
  ])
  t.match({ status, stdout, stderr }, { status: 0, stdout: 'in\n', stderr: '' }, name)
  t.equal(await knownHosts(lab), before)
}

/** Gives the fingerprint that the refusal says to compare with the console. */
async function refused(t: Test, lab: Lab, reason: RegExp): Promise<string> {
  const before = await knownHosts(lab)
  const { status, stdout, stderr } = await lab.scanner([
    'ssh',
    'NixOS',
    ...sshOptions(lab),
    'echo',
    'in',
  ])
  t.equal(stdout, '', 'nothing was run there')
  t.equal(status, 5, stderr)
  t.match(stderr, /Host key verification failed/, 'by ssh itself')
  t.match(stderr, reason)
  t.equal(await knownHosts(lab), before)
  const way = new RegExp(`scanner ssh ${alias.slice(10)} --fingerprint (SHA256:\\S{43})$`, 'm')
  t.match(stderr, way)
  return way.exec(stderr)?.[1] ?? ''
}

t.test(
  'let in without a word: on two links, and after a boot with new keys',
  { skip },
  async (t) => {
    const { lab, ca } = await trustingLab(t)
    const first = await machine(t)
    for (const [index, address] of [mac, '52:54:00:12:34:57'].entries())
      await connect(
        { namespace: lab.operator, interface: `op${index}` },
        { namespace: first, interface: `in${index}`, mac: address },
      )
    await boot(first, await bootKeys(lab, 'first'), ca)
    for (const name of ['NixOS', 'fe80::47%op0', 'fe80::5054:ff:fe12:3457%op1', alias.slice(10)])
      await letInSilently(t, lab, name)
    first.end()

    const again = await plug(t, lab, { link: 'op2', mac })
    await boot(again, await bootKeys(lab, 'again'), ca)
    await letInSilently(t, lab, 'NixOS')
  },
)

t.test(
  'an impostor with a plain key is refused, and the way out is his console',
  { skip },
  async (t) => {
    const { lab, ca } = await trustingLab(t)
    const namespace = await plug(t, lab, { mac })
    const files = await bootKeys(lab, 'impostor')
    await boot(namespace, files)
    const pin = await refused(t, lab, /it shows no certificate/)

    const wrong = `SHA256:${'A'.repeat(43)}`
    const pinned = (fingerprint: string) =>
      lab.scanner(['ssh', 'NixOS', '--fingerprint', fingerprint, ...sshOptions(lab), 'true'])
    t.match(await pinned(wrong), { status: 5, stderr: /and not SHA256:AAA/ })
    const once = await pinned(pin)
    t.equal(once.status, 0, once.stderr)
    await letInSilently(t, lab, 'NixOS')
    const stranger = { ...lab.files, identity: '/dev/null' }
    const locked = await lab.scanner([
      'ssh',
      'NixOS',
      ...sshOptions({ ...lab, files: stranger }),
      'true',
    ])
    t.equal(locked.status, 255, 'a known key without a login is no matter of trust')
    namespace.end()

    const vouchedFor = await plug(t, lab, { link: 'op1', mac })
    await boot(vouchedFor, await bootKeys(lab, 'next'), ca)
    await letInSilently(t, lab, 'NixOS')
  },
)

t.test('so is one with a certificate of another authority', { skip }, async (t) => {
  const { lab } = await trustingLab(t)
  const other = join(await lab.newFolder('other'), 'ca')
  await makeKeyPair(other, 'other')
  const namespace = await plug(t, lab, { mac })
  await boot(namespace, await bootKeys(lab, 'impostor'), other)
  await refused(t, lab, /its certificate is of SHA256:\S+, which is not trusted/)
})

t.test('and one whose certificate has expired', { skip }, async (t) => {
  const { lab, ca } = await trustingLab(t)
  const namespace = await plug(t, lab, { mac })
  const files = await bootKeys(lab, 'expired')
  await certify(ca, files, 1_600_000_000)
  await boot(namespace, files)
  await refused(t, lab, /its certificate expired on 2020-09-13/)
})

t.test(
  'a copied certificate is worth nothing without its key, and a broken authority stops no discovery',
  { skip },
  async (t) => {
    const { lab, ca } = await trustingLab(t)
    const victim = await bootKeys(lab, 'victim')
    await certify(ca, victim, 4_000_000_000)
    const thief = await bootKeys(lab, 'thief')
    await copyFile(certificateIn(victim.folder), certificateIn(thief.folder))
    const namespace = await plug(t, lab, { mac })
    const broken = join(await lab.newFolder('broken'), 'ca')
    await writeFile(broken, 'no key', { mode: 0o600 })
    await boot(namespace, thief, broken)
    await refused(t, lab, /it shows no certificate/)
  },
)
