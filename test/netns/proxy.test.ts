import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { type CommandResult, runCommand } from '../../common/command.ts'
import { makeKeys } from '../../scanner/demo/installer.ts'
import { type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import { readDialled } from '../../scanner/ssh/dialled.ts'
import {
  bootInstaller,
  type Lab,
  makeLab,
  scannerProgram,
  skipWithout,
  sshOptions,
  startDaemon,
} from './lab.ts'
import { noiseBytes, noiseHash, peerProgram, ports } from './peer.ts'

const skip = skipWithout('ip', 'ping', 'ssh', 'scp', 'sftp', 'ssh-keygen', 'sha256sum', 'nft')
const mac = '52:54:00:12:34:56'
const own = 'fe80::5054:ff:fe12:3456'
const node = process.execPath
const proxyCommand = `${node} ${scannerProgram} proxy`

async function startPeer(namespace: Namespace): Promise<void> {
  await startDaemon(namespace, [node, peerProgram], /listening/)
}

/** Runs a line of bash on the operator's machine, in which `proxy` is ours; `$0` is the first argument. */
function shell(lab: Lab, line: string, ...args: string[]): Promise<CommandResult> {
  const [first = '', ...rest] = lab.operator.enter
  const state = [`XDG_STATE_HOME=${lab.files.folder}`, `XDG_RUNTIME_DIR=${lab.files.folder}`]
  const script = `proxy() { exec ${node} ${scannerProgram} proxy "$@"; }\n${line}`
  return runCommand(first, [...rest, 'env', ...state, 'bash', '-c', script, ...args])
}

/** Our options for ssh and its relatives: the way through the proxy, and a host key that is not looked at. */
function throughProxy(lab: Lab): string[] {
  return [
    ...sshOptions(lab),
    ...['-o', `ProxyCommand=${proxyCommand} %n %p`],
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
  ]
}

async function installerWithPeer(t: Test): Promise<{ lab: Lab; namespace: Namespace }> {
  const lab = await makeLab(t)
  const { namespace } = await bootInstaller(t, lab, { mac })
  await startPeer(namespace)
  return { lab, namespace }
}

t.test('ssh, scp, sftp and a jump by a plain name', { skip }, async (t) => {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  const folder = await lab.newFolder('copies')
  const source = join(folder, 'a file')
  await writeFile(source, 'contents')
  const options = throughProxy(lab)
  const run = (command: string, ...args: string[]) =>
    shell(lab, 'exec "$@"', 'x', command, ...options, ...args)
  for (const name of ['NixOS.installer', '3456.INSTALLER', '525400fffe123456.installer', 'nixos']) {
    const { status, stdout, stderr } = await run('ssh', name, 'echo there; exit 7')
    t.equal(status, 7, `${name}: ${stderr}`)
    t.equal(stdout, 'there\n', name)
  }
  const copied = join(folder, 'copied')
  const scp = await run('scp', source, `NixOS.installer:${copied}`)
  t.equal(scp.status, 0, scp.stderr)
  t.equal(readFileSync(copied, 'utf8'), 'contents')
  const batch = join(folder, 'batch')
  await writeFile(batch, `get "${source}" "${folder}/got"\n`)
  const sftp = await run('sftp', '-b', batch, 'NixOS.installer')
  t.equal(sftp.status, 0, sftp.stderr)
  t.equal(readFileSync(join(folder, 'got'), 'utf8'), 'contents')

  // ssh -J takes the options of the jump host from a file.
  const config = join(folder, 'config')
  const lines = [
    'Host *.installer',
    ` ProxyCommand ${proxyCommand} %n %p`,
    'Host *',
    ' StrictHostKeyChecking no',
    ' UserKnownHostsFile /dev/null',
    ` IdentityFile ${lab.files.identity}`,
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  const words = ['ssh', '-F', config, '-J', 'NixOS.installer', '::1', 'echo jumped']
  const jump = await shell(lab, 'exec "$@"', 'x', ...words)
  t.equal(jump.stdout, 'jumped\n', jump.stderr)
  t.notMatch(jump.stderr, /scanner/, 'and of the end of it all nothing is said')
})

t.test('whom it dialled is to be read while it runs, and only then', { skip }, async (t) => {
  const { lab } = await installerWithPeer(t)
  const { folder } = lab.files
  const environment = { XDG_RUNTIME_DIR: folder }
  for (const end of ['EOF', 'SIGTERM', 'SIGHUP'] as const) {
    const child = startProxy(t, lab, 'NixOS', ports.echo)
    child.stdin.write('x')
    await once(child.stdout, 'data')
    t.match(
      readDialled(process.pid, environment),
      { name: 'NixOS', id: '525400fffe123456', boot: /^[0-9a-f]{8}$/, announced: [/^SHA256:/] },
      'by whoever has the same parent',
    )
    if (end === 'EOF') child.stdin.end()
    else child.kill(end)
    await once(child, 'close')
    t.same(readdirSync(join(folder, 'installer-discovery')), [], end)
  }
})

t.test('each direction ends by itself, in pipes', { skip }, async (t) => {
  const { lab } = await installerWithPeer(t)
  const { count, farewell, report, echo } = ports
  const late = [
    'mkfifo in out; (proxy NixOS $FAREWELL) < in > out & exec 5> in',
    // Ends when the reader sees the end, while we may still send.
    'cat out',
    'printf late >&5; exec 5>&-; wait $!; echo " $?"',
    '(proxy NixOS $REPORT) < /dev/null',
  ].join('\n')
  const cases: [string, string, string][] = [
    ['answers come after our end', `printf hello | (proxy NixOS ${count})`, '5'],
    ['by an address and its zone', `printf hello | (proxy fe80::47%op0 ${count})`, '5'],
    ['with options', `printf hello | (proxy --timeout 5s -i 'op*' NixOS ${count})`, '5'],
    ['a file in', `printf hello > f; (proxy NixOS ${count}) < f`, '5'],
    ['nothing in', `(proxy NixOS ${count}) < /dev/null`, '0'],
    ['a file out', `printf hello | (proxy NixOS ${echo}) > g; cat g`, 'hello'],
    ['a reader that leaves', `yes | (proxy NixOS ${echo}; echo $? >&2) | head -c 2`, 'y\n'],
    [
      'what is sent after the peer has ended arrives',
      late.replace('$FAREWELL', String(farewell)).replace('$REPORT', String(report)),
      'bye 0\n4',
    ],
  ]
  const folder = await lab.newFolder('here')
  for (const [what, line, expected] of cases) {
    const { stdout, stderr } = await shell(lab, `cd "$0" || exit\n${line}`, folder)
    t.equal(stdout, expected, `${what}: ${stderr}`)
  }
})

t.test('200 MB arrive as they were, in pipes and in socketpairs', { skip }, async (t) => {
  const { lab } = await installerWithPeer(t)
  const hash = await noiseHash(noiseBytes)
  const down = await shell(lab, `(proxy NixOS ${ports.source}) < /dev/null | sha256sum`)
  t.match(down.stdout, hash, `from there: ${down.stderr}`)
  const up = await shell(lab, `${node} ${peerProgram} noise | (proxy NixOS ${ports.sink})`)
  t.equal(up.stdout, hash, `to there: ${up.stderr}`)

  // Node gives its children socketpairs.
  const child = startProxy(t, lab, 'NixOS', ports.echo)
  const [first = '', ...rest] = [node, peerProgram, 'noise']
  const source = spawn(first, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  source.stdout.pipe(child.stdin)
  const sum = spawn('sha256sum', [], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdout.pipe(sum.stdin)
  t.match(await text(sum.stdout), hash, 'there and back')
})

function startProxy(t: Test, lab: Lab, name: string, port: number) {
  const [first = '', ...rest] = lab.operator.enter
  const state = ['XDG_STATE_HOME', 'XDG_RUNTIME_DIR'].map((name) => `${name}=${lab.files.folder}`)
  const words = [...rest, 'env', ...state, node, scannerProgram, 'proxy', name, String(port)]
  const child = spawn(first, words, { stdio: ['pipe', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

t.test('a slow reader costs no memory, and loses nothing', { skip }, async (t) => {
  const { lab } = await installerWithPeer(t)
  const child = startProxy(t, lab, 'NixOS', ports.source)
  const reader = child.stdout
  await once(reader, 'readable')
  const started = memoryOf(child.pid)
  // Nothing more is read here: it has stopped when it reads no more there.
  let before = -1
  for (let at = readBytes(child.pid); at !== before; at = readBytes(child.pid)) {
    before = at
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  t.ok(before < noiseBytes / 4, `${before} of ${noiseBytes} bytes were read`)
  const grown = memoryOf(child.pid) - started
  t.ok(grown < 32_000, `grown by ${grown} kB`)
  let total = 0
  for await (const bytes of reader) total += bytes.length
  t.equal(total, noiseBytes)
  child.stdin.end()
  const [status] = await once(child, 'close')
  t.equal(status, 0)
})

/** Resident memory of a process, in kB (proc_pid_status(5)). */
function memoryOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1] ?? Number.NaN)
}

/** What a process has read of whatever kind (proc_pid_io(5)). */
function readBytes(pid: number | undefined): number {
  return Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? Number.NaN)
}

t.test('an address that is dead is left for the next; none is status 6', { skip }, async (t) => {
  const { lab, namespace } = await installerWithPeer(t)
  const nft = (...words: string[]) => runInside(namespace, 'nft', words)
  await nft('add table ip6 dead')
  await nft('add chain ip6 dead input { type filter hook input priority 0; }')
  const count = `printf hello | (proxy NixOS ${ports.count})`
  for (const verdict of ['drop', 'reject with tcp reset']) {
    await nft(`add rule ip6 dead input ip6 daddr ${own} tcp dport ${ports.count} ${verdict}`)
    const { stdout, stderr } = await shell(lab, count)
    t.equal(stdout, '5', `${verdict}: ${stderr}`)
    await nft('flush chain ip6 dead input')
  }
  const refused = await shell(lab, '(proxy NixOS 9) < /dev/null')
  t.equal(refused.status, 6)
  t.equal(refused.stdout, '')
  const tried = `${own}%op0: ECONNREFUSED, fe80::47%op0: ECONNREFUSED`
  t.match(refused.stderr, `NixOS was found, but there is no connection to port 9: ${tried}\n`)
  await nft(`add rule ip6 dead input tcp dport ${ports.count} drop`)
  const silent = await shell(lab, `(proxy --timeout 1s NixOS ${ports.count}) < /dev/null`)
  t.equal(silent.status, 6)
  t.match(silent.stderr, `${own}%op0: no answer, fe80::47%op0: no answer`)
})

t.test('a connection that breaks is status 1, after all that came before', { skip }, async (t) => {
  const { lab, namespace } = await installerWithPeer(t)
  const child = startProxy(t, lab, 'NixOS', ports.echo)
  const said = text(child.stderr)
  child.stdin.write('before')
  t.equal(String((await once(child.stdout, 'data'))[0]), 'before')
  const nft = (...words: string[]) => runInside(namespace, 'nft', words)
  await nft('add table ip6 cut')
  await nft('add chain ip6 cut input { type filter hook input priority 0; }')
  await nft(`add rule ip6 cut input tcp dport ${ports.echo} reject with tcp reset`)
  child.stdin.write('after')
  const [status] = await once(child, 'close')
  t.equal(status, 1)
  t.equal(await said, 'scanner: the connection broke: ECONNRESET\n')
})

t.test('the other statuses, and the end by a signal', { skip }, async (t) => {
  const { lab } = await installerWithPeer(t)
  for (const [words, status, said] of [
    ['NixOS 0', 2, /port from 1 to 65535, got '0'/],
    ['NixOS 65536', 2, /got '65536'/],
    ['NixOS ssh', 2, /got 'ssh'/],
    ['NixOS', 2, /got none/],
    ['NixOS 22 x', 2, /Unknown argument/],
    ['.installer 22', 2, /the name is empty/],
    ['--timeout 500ms nobody 22', 3, /no installer that fits 'nobody'/],
  ] as const) {
    const result = await shell(lab, `echo x | (proxy ${words})`)
    t.equal(result.status, status, words)
    t.match(result.stderr, said, words)
    t.equal(result.stdout, '', words)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const child = startProxy(t, lab, 'NixOS', ports.echo)
    child.stdin.write('x')
    await once(child.stdout, 'data')
    child.kill(signal)
    const [status] = await once(child, 'close')
    t.equal(status, 1, signal)
  }
  const files = { ...(await makeKeys(await lab.newFolder('other'))), identity: lab.files.identity }
  await bootInstaller(t, lab, { link: 'op1', mac: '52:54:00:00:00:0b', files })
  const ambiguous = await shell(lab, '(proxy NixOS.installer 22) < /dev/null')
  t.equal(ambiguous.status, 4)
  t.match(ambiguous.stderr, /'NixOS' fits 2 machines[\s\S]*%op1[\s\S]*%op0/)
  t.equal(ambiguous.stdout, '')
})
