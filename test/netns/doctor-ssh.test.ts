import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeKeys, startAgent, startSshServer } from '../../scanner/demo/installer.ts'
import { type Namespace, runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import { type Diagnosis, diagnose, findingOf, mend } from './diagnosis.ts'
import {
  addressesSettled,
  bootInstaller,
  type Lab,
  makeLab,
  plug,
  skipWithout,
  skipWithoutRoot,
  sshOptions,
} from './lab.ts'

t.jobs = 2
const mac = '52:54:00:12:34:56'
const id = '525400fffe123456'

const of = ({ findings }: Diagnosis, ...layers: string[]) =>
  findings
    .filter(({ layer }) => layers.includes(layer))
    .map(({ level, code }) => `${level} ${code}`)

/** Puts a file of the test's own in the place of a machine's. */
async function replace(namespace: Namespace, path: string, by: string): Promise<void> {
  await runInside(namespace, 'mount', ['--bind', by, path])
}

/** What ssh on the operator's machine is told by its administrator: which key to use. */
async function useKey(lab: Lab, identity: string): Promise<void> {
  const config = join(lab.files.folder, 'operator_ssh_config')
  await writeFile(config, `Host *\n  IdentityFile ${identity}\n`)
  await replace(lab.operator, '/etc/ssh/ssh_config', config)
}

const silent = `
import socket, sys
s = socket.socket(socket.AF_INET6)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('::', 22))
s.listen()
print('listening', file=sys.stderr, flush=True)
held = []
while True: held.append(s.accept())`

t.test(
  'a machine without an ssh server, behind a firewall, and with one that hangs',
  { skip: skipWithoutRoot('ip', 'ping', 'iptables', 'python3', 'ssh'), buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const far = await plug(t, lab, { mac })
    await startAgent(far, lab.files)
    await addressesSettled(lab.operator)
    const refused = await diagnose(t, lab, ['NixOS'])
    t.same(of(refused, 'installer', 'ssh', 'identity'), ['ok found', 'fail ssh-refused'])
    t.same(findingOf(refused, 'ssh-refused').fix, {
      command: 'sudo systemctl start sshd',
      where: 'installer',
    })

    await runInside(far, 'ip6tables', '-A INPUT -p tcp --dport 22 -j DROP'.split(' '))
    const filtered = await diagnose(t, lab, ['NixOS'])
    t.same(of(filtered, 'ssh'), ['fail ssh-filtered'])
    await mend(findingOf(filtered, 'ssh-filtered'), lab, far)

    const mute = far.start(['python3', '-c', silent])
    await untilSaid(mute, /listening/)
    const hanging = await diagnose(t, lab, ['NixOS'])
    t.same(of(hanging, 'ssh'), ['fail ssh-mute'])
    mute.kill('SIGKILL')
    await new Promise((resolve) => mute.once('close', resolve))
    await startSshServer(far, lab.files)
    await useKey(lab, lab.files.identity)
    const well = await diagnose(t, lab, ['NixOS'])
    t.same(of(well, 'ssh', 'identity', 'login'), ['ok ssh', 'ok key-new', 'ok keys', 'ok login'])
  },
)

t.test(
  'keys that do not let in, an agent that is gone, names that lead elsewhere',
  { skip: skipWithoutRoot('ip', 'ping', 'ssh', 'ssh-add', 'getent'), buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const { operator, files } = lab
    const far = await bootInstaller(t, lab, { mac })
    await addressesSettled(operator)
    await useKey(lab, join(files.folder, 'none'))
    const hosts = join(files.folder, 'hosts')
    await writeFile(hosts, 'fe80::5054:ff:fe12:3456 NixOS.local\n')
    await replace(operator, '/etc/hosts', hosts)
    const ill = await diagnose(t, lab, ['NixOS'], { SSH_AUTH_SOCK: '/run/nobody' })
    t.same(of(ill, 'login'), ['warn agent-gone', 'warn no-key', 'fail key-refused'])
    t.match(
      findingOf(ill, 'key-refused').fix?.command,
      /^ssh-copy-id \w+@fe80::5054:ff:fe12:3456%op0$/,
    )
    t.match(findingOf(ill, 'scope-lost'), {
      level: 'warn',
      machine: id,
      reason: /without its link.*Invalid argument/,
    })

    await writeFile(hosts, '192.0.2.9 NixOS.local\n')
    const open = join(files.folder, 'open_key')
    await copyFile(files.identity, open)
    await chmod(open, 0o644)
    await useKey(lab, open)
    const wrong = await diagnose(t, lab, ['NixOS'])
    t.same(of(wrong, 'login').slice(0, 1), ['warn key-open'])
    t.match(findingOf(wrong, 'resolves-elsewhere').reason, /another machine \(192\.0\.2\.9\)/)
    await mend(findingOf(wrong, 'key-open'), lab)

    await writeFile(hosts, '127.0.0.1 localhost\n')
    const switched = join(files.folder, 'nsswitch.conf')
    await writeFile(switched, 'hosts: resolve [!UNAVAIL=return] files dns\n')
    await replace(operator, '/etc/nsswitch.conf', switched)
    t.match(findingOf(await diagnose(t, lab), 'resolved-silent'), { level: 'warn', machine: id })
    await runInside(operator, 'umount', ['/etc/nsswitch.conf'])
    await standIn(far.namespace, lab)
    const well = await diagnose(t, lab, [id])
    t.same(of(well, 'login'), ['ok keys', 'ok login', 'warn far-side'], 'mended')
    t.match(
      findingOf(well, 'far-side').reason,
      /NixOS says of itself: another machine holds fe80::47/,
    )
    t.match(findingOf(well, 'local-unknown').reason, /do not know NixOS\.local \(no mdns/)
  },
)

/** An `installer-agent` on the installer's PATH that has something to complain of. */
async function standIn(namespace: Namespace, lab: Lab): Promise<void> {
  const folder = await lab.newFolder('bin')
  const status = { links: [{ complaints: ['another machine holds fe80::47\u001b[2J', 7] }] }
  const program = join(folder, 'installer-agent')
  await writeFile(program, `#!/bin/sh\ncat <<'END'\n${JSON.stringify(status)}\nEND\n`)
  await chmod(program, 0o755)
  await replace(namespace, '/usr/local/bin', folder)
}

t.test(
  'host keys that are known, and that have changed',
  { skip: skipWithout('ip', 'ping', 'ssh', 'ssh-keygen'), buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    await bootInstaller(t, lab, { mac })
    await addressesSettled(lab.operator)
    const knownHosts = join(lab.files.folder, 'installer-discovery', 'known_hosts')
    t.same(of(await diagnose(t, lab), 'identity'), ['ok key-new'])
    await t.rejects(readFile(knownHosts), 'and is not remembered by that')
    await lab.scanner(['ssh', id, ...sshOptions(lab), 'true'])
    t.same(of(await diagnose(t, lab), 'identity'), ['ok key-known'])

    const other = await makeKeys(await lab.newFolder('other'))
    const key = (await readFile(`${other.identity}.pub`, 'utf8')).split(' ')[1] ?? ''
    const known = await readFile(knownHosts, 'utf8')
    const changed = known.replace(/ssh-ed25519 \S+/, `ssh-ed25519 ${key}`)
    await writeFile(knownHosts, changed)
    const within = await diagnose(t, lab, ['NixOS'])
    t.same(of(within, 'identity'), ['fail key-changed'])
    t.notMatch(of(within, 'login').join(), /login|refused/, 'and nobody logs in to it')
    t.same(findingOf(within, 'key-changed').fix, {
      command: 'installer-agent issue',
      where: 'installer',
    })
    await writeFile(knownHosts, changed.replace(/boot=\w+/, 'boot=00000000'))
    const rebooted = await diagnose(t, lab)
    t.match(findingOf(rebooted, 'key-rebooted').reason, /live media make new keys at each boot/)
    t.equal(
      await readFile(knownHosts, 'utf8'),
      changed.replace(/boot=\w+/, 'boot=00000000'),
      'read only',
    )
  },
)

t.test(
  'a NAME that fits two, none, or no installer',
  { skip: skipWithout('ip', 'ping', 'ssh-keygen'), buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    await bootInstaller(t, lab, { mac })
    const files = await makeKeys(await lab.newFolder('other'))
    await bootInstaller(t, lab, { link: 'op1', mac: '52:54:00:00:00:99', files })
    await plug(t, lab, { link: 'op2', mac: '52:54:00:00:00:77' })
    await addressesSettled(lab.operator)
    const ambiguous = await diagnose(t, lab, ['NixOS'])
    t.match(findingOf(ambiguous, 'ambiguous'), {
      level: 'fail',
      reason: /fits 2 machines: .*fffe000099/,
    })
    t.same(of(ambiguous, 'ssh', 'identity'), [], 'none is touched')
    const mistyped = await diagnose(t, lab, ['NixSO'])
    t.match(findingOf(mistyped, 'not-found').fix?.command, 'scanner doctor NixOS')
    const stranger = await diagnose(t, lab, ['00:77'])
    t.match(findingOf(stranger, 'no-installer').reason, /'00:77' is there, without a name/)
    const one = await diagnose(t, lab, ['--interface', 'op1', 'NixOS'])
    t.same(of(one, 'installer', 'ssh', 'identity'), ['ok found', 'ok ssh', 'ok key-new'])
  },
)
