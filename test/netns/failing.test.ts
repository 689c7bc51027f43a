import { chmod, copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import type { CommandResult } from '../../common/command.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import {
  addressesOf,
  addressesSettled,
  bootInstaller,
  type Lab,
  makeLab,
  plug,
  runNode,
  scannerProgram,
  skipWithout,
  skipWithoutRoot,
} from './lab.ts'

/** Each way in which a source can fail: a sentence that says so, and the machines all the same. */

const skip = skipWithout('ip', 'ping', 'ssh-keygen')
t.jobs = 3
const mac = '52:54:00:12:34:56'
const installer = /^NixOS +fe80::5054:ff:fe12:3456%op0 .* yes /m
const nobody = '65534'

/** What people were told, a line each. */
const warnings = ({ stderr }: CommandResult) =>
  stderr.split('\n').flatMap((line) => /^scanner: warning: (.*)/.exec(line)?.[1] ?? [])

/** The words of every sentence here: nothing raw, nothing over several lines. */
function areSentences(t: Test, result: CommandResult): void {
  t.notMatch(result.stderr, /\n +at |E[A-Z]{4,}|^ping:|undefined/m, 'nothing raw')
}

const whereIs = async ({ operator }: Lab, command: string) =>
  (await runInside(operator, 'sh', ['-c', `command -v ${command}`])).trim()

/** A folder with copies of these commands: those that root's and other users' folders have may be hidden. */
async function folderWith(lab: Lab, name: string, commands: string[]): Promise<string> {
  const folder = await lab.newFolder(name)
  for (const command of commands) {
    const path = join(folder, command)
    await copyFile(await whereIs(lab, command), path)
    await chmod(path, 0o755)
  }
  return folder
}

/** `scanner` with no other commands than these: the sbin folders, into which it looks besides, are empty. */
async function scannerWith(
  lab: Lab,
  commands: string,
  args: readonly string[],
): Promise<CommandResult> {
  const hide = `mount -t tmpfs none /mnt; for d in /usr/sbin /sbin; do mount --bind /mnt $d; done; exec "$0" "$@"`
  const enter = [...lab.operator.enter, 'unshare', '--mount', 'sh', '-c', hide]
  const environment = { PATH: commands, XDG_STATE_HOME: lab.files.folder }
  return runNode({ ...lab.operator, enter }, scannerProgram, args, environment)
}

async function sysctl({ operator }: Lab, setting: string): Promise<void> {
  await runInside(operator, 'sysctl', ['-q', '-w', setting])
}

t.test(
  'without ping a small IPv4 network is gone through, and the neighbour table is read',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    await bootInstaller(t, lab, { mac })
    const old = await plug(t, lab, { link: 'op1', mac: '52:54:00:00:00:04' })
    const bare = await plug(t, lab, { link: 'op2', mac: '52:54:00:00:00:06' })
    await runInside(lab.operator, 'ip', ['address', 'add', '192.0.2.1/24', 'dev', 'op1'])
    await runInside(old, 'ip', ['address', 'add', '192.0.2.7/24', 'dev', 'in0'])
    for (const each of [lab.operator, old, bare]) await addressesSettled(each)
    const folder = await folderWith(lab, 'bin', ['ip'])
    const missing =
      /^no echo, .*machines that do not speak mDNS.*'ping' was not found.*iputils-ping/

    const plain = await scannerWith(lab, folder, ['find'])
    t.equal(plain.status, 0, plain.stderr)
    t.match(plain.stdout, installer)
    t.match(warnings(plain), [missing])
    t.equal(warnings(plain).length, 1, 'not once a link and group')
    areSentences(t, plain)

    // What has spoken to us is known to the kernel.
    const own = (await addressesOf(lab.operator, 'op2'))[0]?.split('/')[0]
    await runInside(bare, 'ping', ['-c1', '-W2', `${own}%in0`])
    const all = await scannerWith(lab, folder, ['find', '--all', '--json'])
    const { installers } = JSON.parse(all.stdout) as {
      installers: { id: string; links: { addresses: { address: string }[] }[]; sources: string[] }[]
    }
    const addresses = installers.flatMap(({ links }) => links.flatMap((link) => link.addresses))
    const found = addresses.map(({ address }) => address)
    for (const address of [
      '192.0.2.7',
      'fe80::5054:ff:fe00:4%op1',
      'fe80::5054:ff:fe00:6%op2',
      'fe80::5054:ff:fe12:3456%op0',
    ])
      t.ok(found.includes(address), `${address} in ${found}`)
    const swept = installers.find(({ id }) => id === '525400fffe000004')
    t.same(swept?.sources, ['neighbour', 'ssh'], 'visited as well')

    await runInside(lab.operator, 'ip', ['link', 'delete', 'op0'])
    const none = await scannerWith(lab, folder, ['find', '--timeout', '3s'])
    t.equal(none.status, 3)
    t.match(none.stderr, /'ping' was not found.*\n.*no installer was found/)
  },
)

t.test(
  'a ping that may not send, for a user without rights',
  { skip: skipWithoutRoot('ip', 'ping', 'ssh-keygen', 'setpriv'), buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const drop = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
    const enter = [...lab.operator.enter, ...drop]
    const readable = runInside({ ...lab.operator, enter }, 'test', ['-r', scannerProgram])
    if (!(await readable.then(() => true).catch(() => false)))
      return void t.plan(0, 'other users may not read the compiled program here')
    await bootInstaller(t, lab, { mac })
    await addressesSettled(lab.operator)
    await sysctl(lab, 'net.ipv4.ping_group_range=1 0')
    // A copy has neither the capability nor the set-user-ID bit.
    const folder = await folderWith(lab, 'bin', ['ip', 'ping'])
    const found = await runNode({ ...lab.operator, enter }, scannerProgram, ['find'], {
      PATH: `${folder}:/usr/bin:/bin`,
    })
    t.equal(found.status, 0, found.stderr)
    t.match(found.stdout, installer)
    t.match(warnings(found), [/^no echo, .*: ping may not send .*setcap cap_net_raw\+ep/])
    t.equal(warnings(found).length, 1)
    areSentences(t, found)
  },
)

interface Document {
  installers: { target: string }[]
  warnings: string[]
}

t.test(
  'where IPv6 is switched off, machines are found by IPv4, and the rest is said',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    await bootInstaller(t, lab, { mac, ipv4: '192.0.2.7/24' })
    await bootInstaller(t, lab, { link: 'op1', mac: '52:54:00:00:00:99' })
    const plain = await plug(t, lab, { link: 'op2' })
    await runInside(plain, 'ip', ['address', 'add', '198.51.100.7/24', 'dev', 'in0'])
    await runInside(lab.operator, 'ip', ['address', 'add', '192.0.2.1/24', 'dev', 'op0'])
    await runInside(lab.operator, 'ip', ['address', 'add', '198.51.100.1/24', 'dev', 'op2'])
    await addressesSettled(lab.operator)
    const find = async (...args: string[]): Promise<Document> => {
      // Time for a busy machine: three links, and 253 questions on two of them.
      const patient = ['--timeout', '15s']
      const { status, stdout, stderr } = await lab.scanner(['find', '--json', ...patient, ...args])
      t.equal(status, 0, stderr)
      return JSON.parse(stdout) as Document
    }
    const targets = ({ installers }: Document) => installers.map(({ target }) => target).sort()

    for (const link of ['op0', 'op2']) await sysctl(lab, `net.ipv6.conf.${link}.disable_ipv6=1`)
    const some = await find('--all')
    t.same(targets(some), ['192.0.2.7', '198.51.100.7', 'fe80::5054:ff:fe00:99%op1'])
    t.match(some.warnings, [
      /^IPv6 is switched off on op0: only machines with IPv4 are found there \(.*sysctl/,
      /^IPv6 is switched off on op2: only machines/,
    ])
    t.equal(some.warnings.length, 2)

    await sysctl(lab, 'net.ipv6.conf.all.disable_ipv6=1')
    const most = await find()
    t.same(targets(most), ['192.0.2.7'])
    t.ok(
      most.warnings.some((each) => /^IPv6 is switched off on op1, .*nobody is found/.test(each)),
      most.warnings.join('\n'),
    )
    t.equal(most.warnings.length, 3)

    const bare = await lab.scanner(['find', '--interface', 'op1'])
    t.equal(bare.status, 3)
    t.match(bare.stderr, /no link to search.*\n.*IPv6 is switched off on op1/)
  },
)

/** A `ping` that does this to a link before the echo leaves: in the midst of a search. */
async function pingThat(lab: Lab, name: string, does: string): Promise<string> {
  const folder = await lab.newFolder(name)
  const real = await whereIs(lab, 'ping')
  const script = `#!/bin/sh\ncase "$*" in *op1*) ip link ${does} op1 2>/dev/null ;; esac\nexec ${real} "$@"\n`
  await writeFile(join(folder, 'ping'), script)
  await chmod(join(folder, 'ping'), 0o755)
  return `${folder}:${process.env.PATH}`
}

t.test(
  'a link that fails while it is searched takes nothing from the others',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    await bootInstaller(t, lab, { mac })
    await plug(t, lab, { link: 'op1' })
    await addressesSettled(lab.operator)
    const gone =
      /^mdns on op1: op1, or its address, is gone \(plug it in again, or see .*ip address show\)$/
    for (const does of ['set down', 'delete']) {
      const path = await pingThat(lab, does.slice(0, 3), does)
      const found = await lab.scanner(['find'], { PATH: path })
      t.equal(found.status, 0, found.stderr)
      t.match(found.stdout, installer, does)
      t.ok(
        warnings(found).every((each) => gone.test(each)),
        found.stderr,
      )
      t.ok(warnings(found).length <= 1, 'one sentence for the link')
      areSentences(t, found)
      if (does === 'delete') t.equal(warnings(found).length, 1, 'its echo could not be sent')
      else await runInside(lab.operator, 'ip', ['link', 'set', 'op1', 'up'])
      await addressesSettled(lab.operator)
    }
  },
)

/** Binds UDP port 5353 in both families and shares it with nobody. */
const hog = `
const { createSocket } = require('node:dgram')
for (const type of ['udp4', 'udp6'])
  createSocket({ type, ipv6Only: type === 'udp6' }).bind(5353, () => console.error(type))
`

t.test(
  'port 5353 held by a program that shares it with nobody',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    await bootInstaller(t, lab, { mac, ipv4: '192.0.2.7/24' })
    await runInside(lab.operator, 'ip', ['address', 'add', '192.0.2.1/24', 'dev', 'op0'])
    await addressesSettled(lab.operator)
    const holder = lab.operator.start([process.execPath, '-e', hog])
    const bound = createInterface({ input: holder.stderr })[Symbol.asyncIterator]()
    t.same([(await bound.next()).value, (await bound.next()).value].sort(), ['udp4', 'udp6'])
    for (const sources of [[], ['--source', 'mdns'], ['--source', 'service']]) {
      const found = await lab.scanner(['find', ...sources])
      t.equal(found.status, 0, found.stderr)
      t.match(found.stdout, /^NixOS +fe80::5054:ff:fe12:3456%op0/m, sources.join(' '))
      t.match(warnings(found), [/^UDP port 5353 on op0 is held by a program .*ss -ulpn/])
      t.equal(warnings(found).length, 1)
      areSentences(t, found)
    }
  },
)

t.test('without ip, and with one that is too old', { skip, buffered: true }, async (t) => {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  await addressesSettled(lab.operator)
  const folder = await folderWith(lab, 'bin', ['ping'])
  const missing = await scannerWith(lab, folder, ['find'])
  t.equal(missing.status, 0, missing.stderr)
  t.match(missing.stdout, installer)
  t.match(warnings(missing), [/^the command 'ip' was not found on PATH .*iproute2/])
  t.equal(warnings(missing).length, 1, 'for links and neighbours together')

  // As busybox does.
  const usage = 'ip: unrecognized option: s\nUsage: ip [OPTIONS] address|route|link\n'
  await writeFile(
    join(folder, 'ip'),
    `#!/bin/sh\nprintf '${usage.replaceAll('\n', '\\n')}' >&2\nexit 1\n`,
  )
  await chmod(join(folder, 'ip'), 0o755)
  const old = await scannerWith(lab, `${folder}:/usr/bin:/bin`, ['find'])
  t.equal(old.status, 0, old.stderr)
  t.match(old.stdout, installer)
  t.match(
    old.stderr,
    /'ip address show' ended with status 1: ip: unrecognized option: s \(.*iproute2/,
  )
  t.notMatch(old.stderr, 'Usage')
  areSentences(t, old)
})
