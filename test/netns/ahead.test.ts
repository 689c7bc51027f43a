import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeKeys } from '../../scanner/demo/installer.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import { Gate } from '../../scanner/ssh/gate.ts'
import { bootInstaller, type Lab, makeLab, skipWithout } from './lab.ts'

/** ssh that is started before it is settled whom a name means, and held before it authenticates. */

const skip = skipWithout('ip', 'ping', 'ssh', 'ssh-keygen', 'mkfifo', 'nft')
const mac = '52:54:00:12:34:56'

/** An ssh on PATH that writes down its command lines and what it does; `first` is run before it. */
async function watchSsh(lab: Lab, name: string, first = '') {
  const folder = await lab.newFolder(name)
  const [lines, debug] = [join(folder, 'lines'), join(folder, 'debug')]
  const script = `#!/bin/sh\n${first}\necho "$*" >>${lines}\nexec /usr/bin/ssh -v -E ${debug} "$@"\n`
  await writeFile(join(folder, 'ssh'), script)
  await chmod(join(folder, 'ssh'), 0o755)
  const environment = {
    PATH: `${folder}:${process.env.PATH}`,
    XDG_RUNTIME_DIR: await lab.newFolder(`run-${name}`),
  }
  const read = (path: string) => readFile(path, 'utf8').catch(() => '')
  return {
    run: (args: readonly string[]) => lab.scanner(args, environment),
    /** How often it was held, of all times that it was to connect; and what was left behind. */
    async seen() {
      const all = (await read(lines)).split('\n').filter((line) => line && !/^-G /.test(line))
      const held = all.filter((line) => line.includes('KnownHostsCommand=/bin/sh'))
      const left = await readdir(join(environment.XDG_RUNTIME_DIR, 'installer-discovery'))
      return { held: held.length, all: all.length, left, debug: await read(debug) }
    },
  }
}

/** With a machine that is remembered. */
async function remembered(t: Test): Promise<Lab> {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  await writeFile(join(lab.files.folder, 'config'), '')
  const first = await lab.scanner(['ssh', 'NixOS', ...options(lab), 'true'])
  t.equal(first.status, 0, first.stderr)
  return lab
}

const options = ({ files: { folder, identity } }: Lab) => [
  ...['-F', join(folder, 'config'), '-o', 'IdentitiesOnly=yes', '-i', identity],
]

t.jobs = 2

t.test('one machine', { skip, buffered: true }, async (t) => {
  const lab = await remembered(t)

  await t.test('a machine that is remembered is gone to ahead', async (t) => {
    const ssh = await watchSsh(lab, 'plain')
    const { status, stdout, stderr } = await ssh.run([
      'ssh',
      'NixOS',
      ...options(lab),
      'echo; exit 7',
    ])
    t.same({ status, stdout, stderr }, { status: 7, stdout: '\n', stderr: '' })
    const { debug, ...seen } = await ssh.seen()
    t.same(seen, { held: 1, all: 1, left: [] })
    t.match(debug, /Authenticated to/)
  })

  await t.test('it is found where nothing comes through but what is sent to itself', async (t) => {
    const ssh = await watchSsh(lab, 'direct')
    // Of the group's address it is what asks for a MAC that comes through (RFC 4861 section 7.2.2).
    const rules = [
      'icmpv6 type { echo-request, echo-reply } drop',
      'ip6 daddr { ff02::fb, fe80::47 } drop',
    ]
    const chain = `chain output { type filter hook output priority 0; ${rules.join('; ')}; }`
    await runInside(lab.operator, 'nft', [`table inet shut { ${chain}; }`])
    await runInside(lab.operator, 'ip', ['neigh', 'flush', 'dev', 'op0'])
    const { status, stderr } = await ssh.run(['ssh', 'NixOS', ...options(lab), 'exit 7'])
    await runInside(lab.operator, 'nft', ['flush ruleset'])
    t.equal(status, 7, stderr)
  })

  await t.test('a connection that is shared goes on as it is', async (t) => {
    const ssh = await watchSsh(lab, 'shared')
    // The path of a socket has 107 bytes at most (unix(7)).
    const folder = await mkdtemp(join(tmpdir(), 'shared-'))
    t.teardown(() => rm(folder, { recursive: true }))
    const shared = `ControlMaster auto\nControlPersist 30\nControlPath ${join(folder, 'socket')}\n`
    await writeFile(join(lab.files.folder, 'config'), shared)
    for (const status of [3, 4])
      t.equal((await ssh.run(['ssh', 'NixOS', ...options(lab), `exit ${status}`])).status, status)
    const { debug, held } = await ssh.seen()
    t.equal(held, 0)
    t.equal(debug.match(/Authenticated to/g)?.length, 1)
    await lab.scanner(['ssh', 'NixOS', ...options(lab), '-O', 'exit'])
    await writeFile(join(lab.files.folder, 'config'), '')
  })

  await t.test('an ssh that is too old is run afterwards', async (t) => {
    const ssh = await watchSsh(
      lab,
      'old',
      'case "$*" in *KnownHostsCommand*) echo bad >&2; exit 255; esac',
    )
    const { status, stderr } = await ssh.run(['ssh', 'NixOS', ...options(lab), 'exit 7'])
    t.same({ status, stderr }, { status: 7, stderr: '' })
  })

  await t.test('the gate', async (t) => {
    process.env.XDG_RUNTIME_DIR = await lab.newFolder('a "quoted" 100% run')
    const { folder } = lab.files
    const start = (gate: Gate) => {
      const knownHosts = `UserKnownHostsFile=${join(folder, 'installer-discovery', 'known_hosts')}`
      const typed = ['-v', '-o', knownHosts, '-o', 'StrictHostKeyChecking=yes', ...options(lab)]
      const alias = ['-o', 'HostKeyAlias=installer-525400fffe123456', '-l', userInfo().username]
      const words = [...gate.options, ...typed, ...alias, 'fe80::5054:ff:fe12:3456%op0', 'true']
      const [first = '', ...rest] = [...lab.operator.enter, 'ssh', ...words]
      const child = spawn(first, rest, { stdio: ['ignore', 'ignore', 'pipe'] })
      let said = ''
      child.stderr.on('data', (text) => {
        said += text
      })
      return once(child, 'close').then(([status]) => ({ status, said }))
    }
    const publicKey = await readFile(join(folder, 'ssh_host_ed25519_key.pub'), 'utf8')

    const opened = await Gate.make()
    const through = start(opened)
    t.equal(await opened.asked, publicKey.split(' ')[1], 'the key that the server shows')
    opened.open()
    t.equal((await through).status, 0, (await through).said)
    opened.close()

    const closed = await Gate.make()
    const turnedAway = start(closed)
    await closed.asked
    // As when the process that holds it is killed: the kernel closes its files.
    closed.close()
    t.equal((await turnedAway).status, 255)
    t.notMatch((await turnedAway).said, /authentication method|Authenticated to/)
  })
})

t.test('where two fit neither is given anything', { skip, buffered: true }, async (t) => {
  const lab = await remembered(t)
  const other = { ...(await makeKeys(await lab.newFolder('other'))), identity: lab.files.identity }
  await bootInstaller(t, lab, { link: 'op1', mac: '52:54:00:65:43:21', files: other })
  t.equal((await lab.scanner(['ssh', '65:43:21', ...options(lab), 'true'])).status, 0)
  const ssh = await watchSsh(lab, 'bin')
  const { status, stderr } = await ssh.run(['ssh', 'NixOS', ...options(lab), 'true'])
  t.equal(status, 4)
  t.match(stderr, /^scanner: 'NixOS' fits 2 machines\n/, 'nothing is said before')
  const { debug, left } = await ssh.seen()
  t.notMatch(debug, /authentication method|Authenticated to/)
  t.same(left, [])
})
