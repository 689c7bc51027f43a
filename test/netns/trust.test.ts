import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CommandResult, commandEnvironment, runCommand } from '../../common/command.ts'
import {
  type InstallerFiles,
  makeKeys,
  startAgent,
  startSshServer,
} from '../../scanner/demo/installer.ts'
import { connect, type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import {
  addressesSettled,
  type Lab,
  machine,
  makeLab,
  plug,
  scannerProgram,
  skipWithoutRoot,
  sshOptions,
  startDaemon,
} from './lab.ts'

/** Whom `scanner ssh` lets in: real servers and agents, told apart by their keys and their boots. */

const skip = skipWithoutRoot('ip', 'ping', 'ssh', 'sshd', 'ssh-keygen', 'ssh-keyscan', 'script')
const mac = '52:54:00:12:34:56'
const id = '525400fffe123456'
const lla = 'fe80::5054:ff:fe12:3456'
/** The agent tells the first eight digits. */
const boots = ['0a1b2c3d', '99999999'].map((digits) => `${digits}-0000-4000-8000-000000000000\n`)

/** New host keys, as a live system has them at each boot; the operator's key stays. */
async function newKeys(lab: Lab, name: string): Promise<InstallerFiles> {
  return { ...(await makeKeys(await lab.newFolder(name))), identity: lab.files.identity }
}

/** Lets a machine believe that this is its boot id. */
async function setBoot(namespace: Namespace, { folder }: InstallerFiles, boot: number) {
  const file = join(folder, `boot-${boot}`)
  await writeFile(file, boots[boot] ?? '')
  await runInside(namespace, 'mount', ['--bind', file, '/proc/sys/kernel/random/boot_id'])
}

interface Boot {
  link?: string
  mac?: string
  files?: InstallerFiles
  boot?: number
  agent?: readonly string[]
  /** Whose host keys the agent announces. */
  announced?: InstallerFiles
}

/** Switches a machine on, at the far end of a new cable. */
async function bootUp(t: Test, lab: Lab, how: Boot = {}): Promise<Namespace> {
  const { files = lab.files, boot = 0, announced = files, agent } = how
  const namespace = await plug(t, lab, { mac, ...how })
  await setBoot(namespace, files, boot)
  await startSshServer(namespace, files)
  await startAgent(namespace, announced, agent)
  return namespace
}

/** Pulls the cable and ends the machine: what its programs leave running would still answer an echo. */
async function takeAway(lab: Lab, namespace: Namespace, link: string): Promise<void> {
  await runInside(lab.operator, 'ip', ['link', 'del', link])
  namespace.end()
}

/** What ssh-keygen shows of the host key that lies in a folder: its fingerprint, or its picture. */
async function shownByKeygen({ folder }: InstallerFiles, how: '-l' | '-lv'): Promise<string> {
  const key = join(folder, 'ssh_host_ed25519_key.pub')
  const { stdout } = await runCommand('ssh-keygen', [how, '-f', key])
  return how === '-l' ? (stdout.split(' ')[1] ?? '') : stdout.replace(/^.*\n/, '').trimEnd()
}

const open = (lab: Lab, name: string, ...options: string[]) =>
  lab.scanner(['ssh', name, ...options, ...sshOptions(lab), 'echo', 'in'])

async function letInSilently(t: Test, lab: Lab, ...names: string[]): Promise<void> {
  const before = await knownHosts(lab)
  for (const name of names) {
    const { status, stdout, stderr } = await open(lab, name)
    t.same({ status, stdout, stderr }, { status: 0, stdout: 'in\n', stderr: '' }, name)
  }
  t.equal(await knownHosts(lab), before, 'nothing new is remembered')
}

async function refused(t: Test, lab: Lab, why: RegExp, name: string, ...options: string[]) {
  const before = await knownHosts(lab)
  const { status, stdout, stderr } = await open(lab, name, ...options)
  t.equal(status, 5, stderr)
  t.match(stderr, why)
  t.equal(stdout, '', 'nothing was run there')
  t.equal(await knownHosts(lab), before)
}

async function letInAs(t: Test, what: RegExp, result: CommandResult): Promise<void> {
  t.match(result, { status: 0, stdout: 'in\n' }, result.stderr)
  t.match(result.stderr, what)
}

const stateIn = (lab: Lab) => join(lab.files.folder, 'installer-discovery')
const knownHosts = (lab: Lab) => readFile(join(stateIn(lab), 'known_hosts'), 'utf8')

/** `scanner` on a terminal of its own, where somebody types an answer once he is asked. */
async function onTerminal(
  lab: Lab,
  args: readonly string[],
  answer = '',
  environment: NodeJS.ProcessEnv = {},
): Promise<{ status: number; shown: string }> {
  const command = ['exec', process.execPath, scannerProgram, ...args].join(' ')
  const [first = '', ...rest] = [...lab.operator.enter, 'script', '-qfec', command, '/dev/null']
  const state = { XDG_STATE_HOME: lab.files.folder, ...environment }
  const child = spawn(first, rest, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...commandEnvironment(), TERM: 'xterm', ...state },
  })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const wasAsked = shown.includes('(yes/no) ')
    shown += text
    if (!wasAsked && shown.includes('(yes/no) ')) child.stdin.write(answer)
  })
  const [status] = await once(child, 'close')
  return { status, shown: shown.replaceAll('\r\n', '\n') }
}

t.test('trust', { skip, jobs: 3 }, async (t) => {
  t.test('first contact, and no alarm after it', { buffered: true }, async (t) => {
    const lab = await makeLab(t)
    const first = await bootUp(t, lab)
    const print = await shownByKeygen(lab.files, '-l')
    const met = `scanner: first contact with NixOS (installer-${id}), host key ${print}`
    const contact = await open(lab, 'NixOS')
    await letInAs(t, /^scanner: first contact/, contact)
    t.equal(
      contact.stderr,
      `${met}\n  compare with the console; it is remembered from now on\n`,
      'without a terminal no picture',
    )
    const line = (await knownHosts(lab)).trim()
    t.match(line, / boot=0a1b2c3d name=NixOS since=\d{4}-\d\d-\d\d$/)
    const file = await stat(join(stateIn(lab), 'known_hosts'))
    t.equal(file.mode & 0o777, 0o600)
    const kept = ['known_hosts', 'names.json']
    t.same((await readdir(stateIn(lab))).sort(), kept, 'nothing is left beside it')
    await letInSilently(t, lab, 'NixOS', '3456', 'fe80::47%op0')

    const elsewhere = { XDG_STATE_HOME: await lab.newFolder('elsewhere') }
    const args = ['ssh', 'NixOS', ...sshOptions(lab), 'true']
    const { status, shown } = await onTerminal(lab, args, '', elsewhere)
    t.equal(status, 0)
    t.match(shown, `${met}\n${await shownByKeygen(lab.files, '-lv')}\n  compare`, 'the picture')
    await takeAway(lab, first, 'op0')

    // The same keys at the next boot, a second card, and a name of its own after a conflict.
    const again = await machine(t)
    for (const [index, address] of [mac, '52:54:00:12:34:57'].entries())
      await connect(
        { namespace: lab.operator, interface: `op${index + 1}` },
        { namespace: again, interface: `in${index}`, mac: address },
      )
    await setBoot(again, lab.files, 1)
    await startSshServer(again, lab.files)
    await startAgent(again, lab.files, ['--hostname', 'NixOS-2'])
    await letInSilently(t, lab, 'NixOS-2', 'fe80::47%op2', `${lla}%op1`)
  })

  t.test('a reboot with new keys', { buffered: true }, async (t) => {
    const lab = await makeLab(t)
    const first = await bootUp(t, lab)
    await letInAs(t, /first contact/, await open(lab, 'NixOS'))
    const old = await shownByKeygen(lab.files, '-l')
    await takeAway(lab, first, 'op0')
    const files = await newKeys(lab, 'next')
    const print = await shownByKeygen(files, '-l')
    await bootUp(t, lab, { link: 'op1', files, boot: 1 })
    const why = `scanner: NixOS has another host key than at its last boot: ${print}, remembered is ${old}`
    await refused(t, lab, /boot 99999999 after 0a1b2c3d; .*--accept-new-key$/m, 'NixOS')
    const args = ['ssh', 'NixOS', ...sshOptions(lab), 'echo', 'in']
    for (const no of ['y\r', '\x03', '\x04']) {
      const { status, shown } = await onTerminal(lab, args, no)
      t.equal(status, 5, JSON.stringify(no))
      t.match(shown, why)
      t.notMatch(shown, /^in$/m)
    }
    const printed = await open(lab, 'NixOS', '--print', '--accept-new-key')
    t.match(printed, { status: 0, stdout: /^ssh .*HostKeyAlias=/ }, printed.stderr)
    await refused(t, lab, /another host key/, 'NixOS')

    const before = await knownHosts(lab)
    const yes = await onTerminal(lab, args, 'yes\r')
    t.match(yes, { status: 0, shown: /a new key of NixOS[\s\S]*^in$/m })
    await letInSilently(t, lab, 'NixOS')
    await writeFile(join(stateIn(lab), 'known_hosts'), before)
    await letInAs(t, /a new key of NixOS/, await open(lab, 'NixOS', '--accept-new-key'))
    await letInSilently(t, lab, 'NixOS')
    t.equal((await knownHosts(lab)).match(/\n/g)?.length, 1, 'in place of the old one')
  })

  t.test('a changed key within one boot, and the fingerprint', { buffered: true }, async (t) => {
    const lab = await makeLab(t)
    const first = await bootUp(t, lab)
    const wrong = `SHA256:${'A'.repeat(43)}`
    t.match(await open(lab, 'NixOS', '--fingerprint', wrong), {
      status: 5,
      stderr: `and not ${wrong}`,
    })
    t.notOk((await readdir(stateIn(lab))).includes('known_hosts'), 'nothing is remembered')
    for (const malformed of ['SHA256:short', 'MD5:00:11', ''])
      t.match(await open(lab, 'NixOS', `--fingerprint=${malformed}`), { status: 2 }, malformed)
    for (const way of [
      ['-p', '22'],
      ['-J', 'nobody'],
      ['-o', 'StrictHostKeyChecking=no'],
    ])
      t.match(
        await open(lab, 'NixOS', ...way, '--fingerprint', wrong),
        { status: 2, stderr: /do not go/ },
        `it is not passed over with ${way.join(' ')}`,
      )
    t.match(await open(lab, 'NixOS', '--source', 'mdns', '--fingerprint', wrong), { status: 5 })
    const right = await shownByKeygen(lab.files, '-l')
    await letInAs(t, /first contact/, await open(lab, 'NixOS', '--fingerprint', right))
    await letInSilently(t, lab, 'NixOS')
    await takeAway(lab, first, 'op0')

    const files = await newKeys(lab, 'other')
    await bootUp(t, lab, { link: 'op1', files })
    await refused(t, lab, /has not told of another boot: .*\n.*taken its place/, 'NixOS')
    await refused(t, lab, /has not told of another boot/, 'NixOS', '--accept-new-key')
    await refused(t, lab, /and not SHA256/, 'NixOS', '--fingerprint', right)
    const pinned = ['--fingerprint', await shownByKeygen(files, '-l')]
    await letInAs(t, /a new key of NixOS/, await open(lab, 'NixOS', ...pinned))
    await letInSilently(t, lab, 'NixOS')
  })

  t.test('a hint on the wire that disagrees', { buffered: true }, async (t) => {
    const lab = await makeLab(t)
    await letInAs(
      t,
      /first contact/,
      await (async () => {
        const first = await bootUp(t, lab)
        const result = await open(lab, 'NixOS')
        await takeAway(lab, first, 'op0')
        return result
      })(),
    )
    const announced = await newKeys(lab, 'announced')
    await bootUp(t, lab, { link: 'op1', announced })
    const said = await shownByKeygen(announced, '-l')
    await refused(t, lab, new RegExp(`but announces ${said.replaceAll('+', '\\+')}$`, 'm'), 'NixOS')
    await refused(t, lab, /but announces/, 'NixOS', '--accept-new-key')
    const pinned = ['--fingerprint', await shownByKeygen(lab.files, '-l')]
    t.match(
      await open(lab, 'NixOS', ...pinned),
      { status: 0, stderr: '' },
      'the console knows better',
    )
  })

  t.test('another machine at the name, the address or the id', { buffered: true }, async (t) => {
    const lab = await makeLab(t)
    const first = await bootUp(t, lab)
    await letInAs(t, /first contact/, await open(lab, 'NixOS'))
    await takeAway(lab, first, 'op0')

    const files = await newKeys(lab, 'stranger')
    const other = '52:54:00:00:00:0b'
    const second = await bootUp(t, lab, { link: 'op1', mac: other, files })
    await refused(t, lab, /not the machine that was remembered by this name/, 'NixOS')
    await refused(t, lab, /remembered by this name/, 'NixOS', '--accept-new-key')
    const args = ['ssh', 'NixOS', ...sshOptions(lab), 'echo', 'in']
    t.match(await onTerminal(lab, args, 'no\r'), { status: 5, shown: /Open ssh to it/ })
    await letInAs(t, /first contact with NixOS/, await open(lab, '00:0b'))
    await letInSilently(t, lab, 'NixOS', '525400fffe00000b')
    await takeAway(lab, second, 'op1')

    const thief = await plug(t, lab, { link: 'op2', mac: '52:54:00:00:00:0c' })
    await runInside(thief, 'ip', ['address', 'add', `${lla}/64`, 'dev', 'in0', 'nodad'])
    await startSshServer(thief, await newKeys(lab, 'thief'))
    await addressesSettled(thief)
    await addressesSettled(lab.operator)
    await refused(t, lab, /remembered/, `${lla}%op2`, '--all')
    await takeAway(lab, thief, 'op2')

    await bootUp(t, lab, { link: 'op3', files: await newKeys(lab, 'impostor') })
    for (const name of ['NixOS', id, 'fe80::47%op3'])
      await refused(t, lab, /another host key/, name)
  })

  t.test('two scanners at once on first contact of two machines', { buffered: true }, async (t) => {
    const lab = await makeLab(t)
    await bootUp(t, lab, { agent: ['--hostname', 'one'] })
    const files = await newKeys(lab, 'two')
    const how = { link: 'op1', mac: '52:54:00:00:00:0b', files }
    await bootUp(t, lab, { ...how, agent: ['--hostname', 'two'] })
    const results = await Promise.all(['one', 'two'].map((name) => open(lab, name)))
    for (const result of results) await letInAs(t, /first contact/, result)
    t.match(await knownHosts(lab), /^installer-\S+ .* name=(\w+) .*\ninstaller-\S+ .* name=.*\n$/)
    t.same((await readdir(stateIn(lab))).sort(), ['known_hosts', 'names.json'])
    await letInSilently(t, lab, 'one', 'two')
  })

  t.test('scanner trust list, show, forget, import', { buffered: true }, async (t) => {
    const lab = await makeLab(t)
    t.match(await lab.scanner(['trust', 'list']), {
      status: 3,
      stdout: '',
      stderr: /no machine is/,
    })
    const namespace = await bootUp(t, lab)
    await letInAs(t, /first contact/, await open(lab, 'NixOS'))
    const print = await shownByKeygen(lab.files, '-l')
    const today = /since=(\S+)/.exec(await knownHosts(lab))?.[1]
    t.same(await lab.scanner(['trust', 'list']), {
      status: 0,
      stdout: `NixOS  ${id}  ${today}  ssh-ed25519  ${print}\n`,
      stderr: '',
    })
    const { stdout } = await lab.scanner(['trust', 'list', '--json'])
    const keys = [{ type: 'ssh-ed25519', fingerprint: print }]
    t.same(JSON.parse(stdout), {
      version: 1,
      machines: [{ id, name: 'NixOS', boot: '0a1b2c3d', since: today, keys }],
    })
    const picture = await shownByKeygen(lab.files, '-lv')
    const shown = `NixOS (installer-${id})\nssh-ed25519 ${print}\n${picture}\n`
    t.match(await lab.scanner(['trust', 'show', '3456']), { status: 0, stdout: shown })
    t.match(await lab.scanner(['trust', 'show', 'nas']), { status: 3, stdout: '' })

    t.match(await lab.scanner(['trust', 'forget']), { status: 2 })
    t.match(await lab.scanner(['trust', 'forget', 'NixOS', '--all']), { status: 2 })
    t.match(await lab.scanner(['trust', 'forget', 'nas']), { status: 3 })
    t.match(await lab.scanner(['trust', 'forget', 'NixOS']), { status: 0, stderr: /is forgotten/ })
    t.equal(await knownHosts(lab), '')

    const publicKey = join(lab.files.folder, 'ssh_host_ed25519_key.pub')
    t.match(await lab.scanner(['trust', 'import', 'NixOS', publicKey]), { status: 3 })
    t.match(await lab.scanner(['trust', 'import', id, '/etc/hostname']), { status: 1 })
    t.match(await lab.scanner(['trust', 'import', id, '/none']), {
      status: 1,
      stderr: /cannot read/,
    })
    t.match(await lab.scanner(['trust', 'import', mac, publicKey]), {
      status: 0,
      stderr: `installer-${id} is known by 1 host key\n`,
    })
    await letInSilently(t, lab, 'NixOS')

    const scanned = join(lab.files.folder, 'scanned')
    await writeFile(scanned, await runInside(namespace, 'ssh-keyscan', ['-T', '5', '127.0.0.1']))
    t.match(await lab.scanner(['trust', 'import', id, scanned]), { status: 0 })
    await letInSilently(t, lab, 'NixOS')

    const rsa = join(lab.files.folder, 'ssh_host_rsa_key')
    await runCommand('ssh-keygen', ['-q', '-t', 'rsa', '-N', '', '-f', rsa])
    const [first = '', ...enter] = lab.operator.enter
    const command = `exec env XDG_STATE_HOME='${lab.files.folder}' ${process.execPath} ${scannerProgram} trust import ${id} - <'${rsa}.pub'`
    const imported = await runCommand(first, [...enter, 'sh', '-c', command])
    t.equal(imported.status, 0, imported.stderr)
    t.match(await knownHosts(lab), /^installer-\S+ ssh-rsa \S+ since=\S+\n$/)
    await refused(t, lab, /another host key/, 'NixOS')
    await takeAway(lab, namespace, 'op0')

    const both = await plug(t, lab, { link: 'op1', mac })
    const config = join(lab.files.folder, 'sshd_config')
    const sshd = (await runInside(both, 'sh', ['-c', 'command -v sshd'])).trim()
    await startDaemon(both, [sshd, '-D', '-e', '-f', config, '-h', rsa], /listening/)
    await startAgent(both, lab.files)
    await letInSilently(t, lab, id)

    await lab.scanner(['trust', 'import', '525400fffe00000b', publicKey])
    t.match(await lab.scanner(['trust', 'forget', '--all']), { status: 0 })
    t.equal(await knownHosts(lab), '')
  })
})
