import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readStatus } from '../../agent/console/read-status.ts'
import type { AgentStatus } from '../../agent/console/status.ts'
import { commandEnvironment } from '../../common/command.ts'
import { agentProgram, startAgent, stop } from '../../scanner/demo/installer.ts'
import { connect, type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import {
  addressesOf,
  type Lab,
  machine,
  makeLab,
  plug,
  runNode,
  skipWithout,
  skipWithoutRoot,
} from './lab.ts'

const skip = skipWithout('ip', 'ssh-keygen')
const mac = '52:54:00:12:34:56'
const eui64 = 'fe80::5054:ff:fe12:3456'
/** DAD takes two seconds, probing one; the rest is for a machine that is busy. */
const patienceMs = 30_000

/** Where an agent shows itself; the path of a socket has 107 bytes at most. */
function placesOf(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'status-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const socket = join(folder, 'socket')
  const issue = join(folder, 'issue')
  return { socket, issue, options: ['--status-socket', socket, '--issue-file', issue] }
}

/** Asks again and again until the answer is as wanted; gives all answers, the wanted one last. */
async function untilStatus(
  socket: string,
  wanted: (status: AgentStatus) => boolean | undefined,
): Promise<AgentStatus[]> {
  const answers: AgentStatus[] = []
  const end = Date.now() + patienceMs
  while (Date.now() < end) {
    const status = await readStatus(socket).catch(() => undefined)
    if (status) answers.push(status)
    if (status && wanted(status)) return answers
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`not within ${patienceMs} ms: ${JSON.stringify(answers.at(-1))}`)
}

/** Starts the agent without waiting for what it announces. */
function start(namespace: Namespace, { files }: Lab, options: readonly string[]): ChildProcess {
  const args = ['run', '--host-keys', files.folder, ...options]
  const agent = namespace.start([process.execPath, agentProgram, ...args])
  agent.stderr.resume()
  return agent
}

const linkOf = (status: AgentStatus | undefined, name: string) =>
  status?.links.find((link) => link.interface === name)
const states = (status: AgentStatus | undefined, name: string) =>
  linkOf(status, name)?.names.map((each) => `${each.name} ${each.family} ${each.state}`)

t.test(
  'names are probed for, then held; addresses are tentative, then usable',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const { socket, options } = placesOf(t)
    const namespace = await plug(t, lab, { mac })
    start(namespace, lab, options)
    const isHeld = (status: AgentStatus) =>
      states(status, 'in0')?.includes('NixOS.local IPv6 held') &&
      linkOf(status, 'in0')?.static?.state === 'held'
    const answers = await untilStatus(socket, isHeld)
    const seen = new Set(answers.flatMap((status) => states(status, 'in0') ?? []))
    t.ok(seen.has('NixOS.local IPv6 probing'))
    const claims = new Set(answers.map((status) => linkOf(status, 'in0')?.static?.state))
    t.ok(claims.has('tentative'))

    t.match(linkOf(answers.at(-1), 'in0'), {
      mac,
      eui64: '525400fffe123456',
      hostname: 'NixOS.local',
      conflicts: 0,
      addresses: [
        { address: eui64, kind: 'eui64', state: 'usable', ours: false },
        { address: 'fe80::47', kind: 'static', state: 'usable', ours: true },
      ],
      complaints: [],
    })
  },
)

t.test(
  'a name and an address that another machine has are told, on the link where it is so',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    await runInside(lab.operator, 'ip', ['link', 'add', 'br0', 'type', 'bridge'])
    await runInside(lab.operator, 'ip', ['link', 'set', 'br0', 'up'])
    const [first, second] = [await machine(t), await machine(t)]
    const joinBridge = async (namespace: Namespace, port: string, mac: string) => {
      const far = { namespace, interface: 'in0', mac }
      await connect({ namespace: lab.operator, interface: port }, far)
      await runInside(lab.operator, 'ip', ['link', 'set', port, 'master', 'br0'])
    }
    await joinBridge(first, 'p0', '52:54:00:00:00:01')
    const holder = await startAgent(first, lab.files)
    await joinBridge(second, 'p1', '52:54:00:00:00:02')
    const alone = { namespace: second, interface: 'in1', mac: '52:54:00:00:00:03' }
    await connect({ namespace: lab.operator, interface: 'p2' }, alone)

    const { socket, issue, options } = placesOf(t)
    start(second, lab, options)
    const isSettled = (status: AgentStatus) =>
      states(status, 'in0')?.includes('nixos-000002.local IPv6 held') &&
      linkOf(status, 'in0')?.static?.state === 'taken' &&
      states(status, 'in1')?.includes('NixOS.local IPv6 held') &&
      linkOf(status, 'in1')?.static?.state === 'held'
    const status = (await untilStatus(socket, isSettled)).at(-1)
    t.same(states(status, 'in0'), ['NixOS.local IPv6 lost', 'nixos-000002.local IPv6 held'])
    t.match(linkOf(status, 'in0'), {
      hostname: 'nixos-000002.local',
      conflicts: 1,
      complaints: [],
    })
    t.same(states(status, 'in1'), ['NixOS.local IPv6 held', 'nixos-000003.local IPv6 held'])
    t.equal(linkOf(status, 'in1')?.conflicts, 0)
    t.ok((linkOf(status, 'in0')?.packets.received ?? 0) > 0, 'the other machine was heard')

    const ask = (...args: string[]) =>
      runNode(second, agentProgram, [...args, '--status-socket', socket])
    const shown = await ask('status')
    t.equal(shown.status, 0)
    t.match(shown.stdout, 'NixOS.local  lost to another machine, now nixos-000002.local (IPv6)')
    t.match(shown.stdout, 'fe80::47 is held by another machine on the link')
    const { stdout: json } = await ask('status', '--json')
    t.match(JSON.parse(json), { id: status?.id, links: [{}, {}] })

    const banner = await ask('issue', '--host-keys', lab.files.folder)
    t.same([banner.status, banner.stderr], [0, ''])
    t.match(banner.stdout, 'nixos-000002.local')
    t.match(banner.stdout, /in0 {2}fe80::5054:ff:fe00:2\n/, 'not the address that it lacks')
    t.match(banner.stdout, /in1 {2}fe80::5054:ff:fe00:3 {2}fe80::47\n/)
    await untilStatus(socket, () => readFileSync(issue, 'utf8') === `${banner.stdout}\n`)

    // The holder's goodbye frees the address; claiming it again is not of this test.
    await stop(holder)
    t.equal(linkOf((await untilStatus(socket, () => true)).at(-1), 'in0')?.conflicts, 1)
  },
)

t.test(
  'a second agent on a machine ends and says why, and leaves the first alone',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const { socket, options } = placesOf(t)
    const namespace = await plug(t, lab, { mac })
    await startAgent(namespace, lab.files, options)
    const { status, stderr } = await runNode(namespace, agentProgram, ['run', ...options])
    t.equal(status, 1)
    t.match(stderr, `another installer-agent runs on this machine and serves ${socket}\n`)
    t.match(stderr, "see 'installer-agent status'")
    t.same((await addressesOf(namespace, 'in0')).sort(), ['fe80::47/64', `${eui64}/64`])
    t.equal((await readStatus(socket)).links.length, 1)
  },
)

t.test(
  'killed and started again it is asked as before; stopped it leaves nothing',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const { socket, issue, options } = placesOf(t)
    const namespace = await plug(t, lab, { mac })
    const killed = await startAgent(namespace, lab.files, options)
    const isShown = () => existsSync(issue) && readFileSync(issue, 'utf8').includes('NixOS.local')
    await untilStatus(socket, isShown)
    killed.kill('SIGKILL')
    await once(killed, 'close')
    t.ok(existsSync(socket))

    const ask = (verb: string) =>
      runNode(namespace, agentProgram, [
        verb,
        '--status-socket',
        socket,
        '--host-keys',
        lab.files.folder,
      ])
    const refused = await ask('status')
    t.equal(refused.status, 1)
    t.equal(refused.stdout, '')
    t.match(refused.stderr, /no running installer-agent answers .*\n.*systemctl status/)
    const banner = await ask('issue')
    t.equal(banner.status, 0)
    t.match(banner.stderr, /no running installer-agent .*names are not announced/)
    t.match(banner.stdout, `in0  ${eui64}`)
    t.match(banner.stdout, /ED25519 SHA256:/)
    t.notMatch(banner.stdout, '.local')

    const agent = await startAgent(namespace, lab.files, options)
    t.equal((await readStatus(socket)).agent.pid, agent.pid)
    await stop(agent)
    t.notOk(existsSync(socket), 'the socket')
    t.notOk(existsSync(issue), 'the banner of the killed agent')
  },
)

t.test(
  'the console shows the banner, and another one when an address comes',
  { skip: skipWithoutRoot('ip', 'ssh-keygen', 'agetty', 'script') },
  async (t) => {
    const lab = await makeLab(t)
    const { socket, issue, options } = placesOf(t)
    const namespace = await plug(t, lab, { mac })
    const agent = await startAgent(namespace, lab.files, options)
    const isWritten = () =>
      existsSync(issue) && /\.local[\s\S]*fe80::47\n/.test(readFileSync(issue, 'utf8'))
    await untilStatus(socket, isWritten)
    const console_ = openConsole(t, namespace, issue)
    const first = await console_.until(/IF: your own[\s\S]*login: $/)
    t.match(first, `in0  ${eui64}  fe80::47`)
    t.match(first, '█████')
    t.notMatch(first, '192.0.2.7')
    await runInside(namespace, 'ip', ['address', 'add', '192.0.2.7/24', 'dev', 'in0'])
    t.match(
      await console_.until(/192\.0\.2\.7[\s\S]*login: $/),
      `in0  ${eui64}  192.0.2.7  fe80::47`,
    )
    await stop(agent)
    await console_.until(/login: [^█]*login: $/)
  },
)

/** agetty on a terminal of its own, and what it has shown there. */
function openConsole(t: Test, namespace: Namespace, issue: string) {
  const agetty = `agetty --issue-file ${issue} --login-program /bin/false - linux`
  const [first = '', ...rest] = [...namespace.enter, 'script', '-qfc', agetty, '/dev/null']
  const terminal = spawn(first, rest, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: commandEnvironment(),
  })
  t.teardown(() => terminal.kill('SIGKILL'))
  let shown = ''
  let wake = () => {}
  terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk.replaceAll('\r', '')
    wake()
  })
  const until = async (wanted: RegExp): Promise<string> => {
    const timeout = setTimeout(() => terminal.kill('SIGKILL'), patienceMs)
    while (!wanted.test(shown) && terminal.signalCode === null && terminal.exitCode === null)
      await Promise.race([
        new Promise<void>((resolve) => {
          wake = resolve
        }),
        once(terminal, 'close'),
      ])
    clearTimeout(timeout)
    if (!wanted.test(shown)) throw new Error(`the console did not show ${wanted}: ${shown}`)
    return shown
  }
  return { until }
}
