import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { sleep } from '../../common/schedule.ts'
import {
  agentProgram,
  makeKeys,
  startAgent,
  startSshServer,
  stop,
} from '../../scanner/demo/installer.ts'
import { connect, type Namespace, runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import {
  addressesSettled,
  bootInstaller,
  hear,
  type Lab,
  machine,
  makeLab,
  plug,
  skipWithout,
  skipWithoutRoot,
} from './lab.ts'
import { type Live, startLive, type Timed } from './live.ts'

const skip = skipWithout('ip', 'ping', 'ssh-keygen')
t.jobs = 2
const mac = '52:54:00:12:34:56'
const id = '525400fffe123456'
const watchArguments = ['find', '--watch', '--ndjson']

/** What is told of it for certain: its name, and that its server answers. */
const complete = ({ installer }: Timed) => installer.name === 'NixOS' && installer.ssh.reachable

/** A switch: machines are plugged into it, and nobody's carrier tells of another's cable. */
async function bridge(t: Test, lab: Lab): Promise<Namespace> {
  const namespace = await plug(t, lab)
  await makeBridge(namespace)
  return namespace
}

async function makeBridge(namespace: Namespace): Promise<void> {
  await runInside(namespace, 'ip', ['link', 'add', 'br0', 'type', 'bridge'])
  await runInside(namespace, 'ip', ['link', 'set', 'in0', 'master', 'br0'])
  await runInside(namespace, 'ip', ['link', 'set', 'br0', 'up'])
}

/** An installer on a port of the switch. */
async function bootAt(t: Test, lab: Lab, bridge: Namespace, port: string, mac: string) {
  const namespace = await machine(t)
  await connect({ namespace: bridge, interface: port }, { namespace, interface: 'in0', mac })
  await runInside(bridge, 'ip', ['link', 'set', port, 'master', 'br0'])
  // A host key of its own: machines that show one key are one machine.
  const files = await makeKeys(await lab.newFolder(port + mac.slice(-1)))
  await startSshServer(namespace, files)
  // Only one of several on a link holds the static address, for which startAgent would wait.
  const agent = namespace.start([
    process.execPath,
    agentProgram,
    'run',
    '--host-keys',
    files.folder,
  ])
  await untilSaid(agent, /"IPv6".*announced/)
  return { namespace, agent }
}

async function endWith(t: Test, live: Live, signal: NodeJS.Signals): Promise<void> {
  live.stop(signal)
  const { status, stderr } = await live.ended
  t.equal(status, 0, stderr)
  t.equal(stderr, '', 'nothing to warn of')
}

t.test(
  'an installer appears, and is lost as soon as it says goodbye',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const far = await plug(t, lab, { mac })
    await addressesSettled(far)
    const live = startLive(t, lab, watchArguments)
    // The program listens once its first question is heard.
    await hear(far, { link: 'in0', family: 'IPv6', queries: true }, () => true)
    let announcedAt = 0
    const announced = hear(
      lab.operator,
      { link: 'op0', family: 'IPv6' },
      ({ message }) => message.response && message.answers.some(({ ttl }) => ttl > 0),
    ).then(() => {
      announcedAt = performance.now()
    })
    const waiting = lab.scanner(['wait', 'NixOS', '--for', 'announced', '--timeout', '60s'])
    const waited = waiting.then(() => performance.now())
    await startSshServer(far, lab.files)
    const agent = await startAgent(far, lab.files)
    await announced
    t.equal((await waiting).status, 0)
    t.comment(`wait ended ${Math.round((await waited) - announcedAt)} ms after the announcement`)
    const named = await live.ever(({ installer }) => installer.name === 'NixOS')
    t.comment(`told ${Math.round(named.cameAt - announcedAt)} ms after the announcement`)
    const found = await live.ever(
      ({ event, installer }) => event === 'found' && installer.id === id,
    )
    t.match(found.at, /^\d{4}-.*Z$/)
    t.match((await live.ever(complete)).installer, {
      target: 'fe80::5054:ff:fe12:3456%op0',
      agent: { version: /^\d/ },
    })
    // The goodbye itself, as another machine on the link hears it, and the line that tells of it.
    let saidAt = 0
    const goodbye = hear(
      lab.operator,
      { link: 'op0', family: 'IPv6' },
      ({ message }) => {
        saidAt = performance.now()
        return message.answers.some(({ type, ttl }) => type === 'AAAA' && ttl === 0)
      },
      () => stop(agent),
    )
    const lost = await live.event(({ event }) => event === 'lost')
    await goodbye
    t.equal(lost.installer.id, id)
    t.equal(lost.installer.name, 'NixOS', 'as it was last known')
    const after = Math.round(lost.cameAt - saidAt)
    t.comment(`told ${after} ms after the goodbye`)
    t.ok(after < 1000)
    await endWith(t, live, 'SIGINT')
  },
)

t.test(
  'a name that is lost to another is a change, not a loss',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const hub = await bridge(t, lab)
    const far = await machine(t)
    await connect({ namespace: hub, interface: 'p9' }, { namespace: far, interface: 'in0' })
    await makeBridge(far)
    await bootAt(t, lab, hub, 'p1', mac)
    await bootAt(t, lab, far, 'p1', '52:54:00:00:00:02')
    const live = startLive(t, lab, watchArguments)
    await live.event(complete)
    // Two links become one, and on it two machines hold one name.
    await runInside(hub, 'ip', ['link', 'set', 'p9', 'master', 'br0'])
    const renamed = await live.event(
      ({ event, installer }) => event === 'changed' && /^nixos-/.test(installer.name ?? ''),
    )
    t.equal(renamed.installer.configuredName, 'NixOS')
    await live.ever(
      ({ installer }) => installer.id !== renamed.installer.id && installer.name === 'NixOS',
    )
    t.notOk(live.events.some(({ event }) => event === 'lost'))
    await endWith(t, live, 'SIGTERM')
  },
)

t.test(
  'a cable that is pulled behind a switch, and plugged in again',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const hub = await bridge(t, lab)
    await bootAt(t, lab, hub, 'p1', mac)
    await bootAt(t, lab, hub, 'p2', '52:54:00:00:00:02')
    const live = startLive(t, lab, watchArguments)
    await live.event(({ installer }) => installer.id === id && installer.ssh.reachable)
    const other = (each: Timed) => each.installer.id === '525400fffe000002'
    await live.event((each) => other(each) && each.installer.ssh.reachable)
    const began = performance.now()
    await runInside(hub, 'ip', ['link', 'set', 'p1', 'down'])
    const lost = await live.event(({ event }) => event === 'lost')
    t.equal(lost.installer.id, id)
    t.comment(`lost ${Math.round(lost.cameAt - began)} ms after the cable was pulled`)
    await runInside(hub, 'ip', ['link', 'set', 'p1', 'up'])
    const again = performance.now()
    const found = await live.event(
      ({ event, installer }) => event === 'found' && installer.id === id,
    )
    t.comment(`found ${Math.round(found.cameAt - again)} ms after it was plugged in again`)
    t.notOk(
      live.events.some((each) => each.event === 'lost' && other(each)),
      'the other stays',
    )
    await endWith(t, live, 'SIGHUP')
  },
)

t.test(
  'a link of ours that comes, goes and comes back while it runs',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const live = startLive(t, lab, watchArguments)
    await bootInstaller(t, lab, { mac, link: 'op1' })
    const found = await live.event(({ event }) => event === 'found')
    t.equal(found.installer.links[0]?.interface, 'op1')
    const began = performance.now()
    await runInside(lab.operator, 'ip', ['link', 'set', 'op1', 'down'])
    const lost = await live.event(({ event }) => event === 'lost')
    t.comment(`lost ${Math.round(lost.cameAt - began)} ms after our cable was pulled`)
    await runInside(lab.operator, 'ip', ['link', 'set', 'op1', 'up'])
    await live.event(({ event, installer }) => event === 'found' && installer.id === id)
    await bootInstaller(t, lab, { mac: '52:54:00:00:00:02', link: 'op2' })
    await live.event(({ event, installer }) => event === 'found' && installer.id !== id)
    await endWith(t, live, 'SIGTERM')
  },
)

t.test(
  'a sleep outlives nobody: who is still there is not lost',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    await bootInstaller(t, lab, { mac })
    const live = startLive(t, lab, watchArguments)
    await live.event(complete)
    process.kill(live.pid, 'SIGSTOP')
    await sleep(8000)
    process.kill(live.pid, 'SIGCONT')
    // Longer than what is given to show oneself after a sleep.
    await sleep(12_000)
    t.same(
      live.events.filter(({ event }) => event === 'lost'),
      [],
    )
    await endWith(t, live, 'SIGTERM')
  },
)

t.test('wait: the statuses of a script', { skip, buffered: true }, async (t) => {
  const lab = await makeLab(t)
  const far = await plug(t, lab, { mac })
  await addressesSettled(lab.operator)
  const waitFor = (goal: string, timeout = '30s', name = 'NixOS') =>
    lab.scanner(['wait', name, '--for', goal, '--timeout', timeout])
  t.equal((await waitFor('gone')).status, 0, 'who is not there is gone')
  const late = await waitFor('announced', '1s')
  t.equal(late.status, 3)
  t.match(late.stderr, /no installer that fits 'NixOS' was there in 1 s\n.*find --all/)
  await startAgent(far, lab.files)
  t.equal((await waitFor('announced')).status, 0)
  const deaf = await waitFor('ssh', '3s')
  t.equal(deaf.status, 6, 'found, but no server')
  t.match(
    deaf.stderr,
    /found at fe80::5054:ff:fe12:3456%op0, but no ssh server answered on port 22/,
  )
  const still = await waitFor('gone', '3s')
  t.equal(still.status, 3)
  t.match(still.stderr, /is still there after 3 s/)
  const answers = waitFor('ssh')
  await startSshServer(far, lab.files)
  t.same(await answers, { status: 0, stdout: '', stderr: '' }, 'nothing is said into a script')
  await bootInstaller(t, lab, { link: 'op1', mac: '52:54:00:00:00:02' })
  for (const goal of ['announced', 'ssh']) {
    const two = await waitFor(goal)
    t.equal(two.status, 4, goal)
    t.match(two.stderr, /'NixOS' fits 2 machines\nNAME .*\n.*end of its MAC/s)
  }
  t.equal((await waitFor('announced', '30s', '3456')).status, 0)
  t.equal((await lab.scanner(['wait', 'NixOS'])).status, 2)
  t.equal((await lab.scanner(['wait', 'NixOS', '--for', 'lunch'])).status, 2)
  t.equal((await lab.scanner(['wait', '--for', 'ssh'])).status, 2)
})

t.test(
  'wait --for gone, then --for ssh, across a reboot with another boot id',
  { skip: skipWithoutRoot('ip', 'ping', 'ssh-keygen', 'mount'), buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const far = await plug(t, lab, { mac })
    const bootIds = await lab.newFolder('boot')
    const boot = async (number: number) => {
      const path = join(bootIds, String(number))
      await writeFile(path, `${String(number).repeat(8)}-0000-4000-8000-000000000000\n`)
      await runInside(far, 'mount', ['--bind', path, '/proc/sys/kernel/random/boot_id'])
      const folder = join(bootIds, `keys${number}`)
      await mkdir(folder)
      return folder
    }
    await boot(1)
    const first = await startAgent(far, lab.files)
    await startSshServer(far, lab.files)
    const live = startLive(t, lab, watchArguments)
    await live.event(
      ({ installer }) => installer.agent?.boot === '11111111' && installer.ssh.reachable,
    )
    const gone = lab.scanner(['wait', 'NixOS', '--for', 'gone', '--timeout', '60s'])
    await stop(first)
    t.equal((await gone).status, 0)
    const ready = lab.scanner(['wait', 'NixOS', '--for', 'ssh', '--timeout', '60s'])
    await boot(2)
    await startAgent(far, lab.files)
    t.equal((await ready).status, 0)
    await live.event(({ event, installer }) => event === 'found' && installer.id === id)
    await live.ever(({ installer }) => installer.agent?.boot === '22222222')
    await endWith(t, live, 'SIGTERM')
  },
)

t.test(
  'find --wait: until so many are there, and what it says then',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const two = lab.scanner(['find', '--wait', '--count', '2', '--timeout', '60s'])
    await bootInstaller(t, lab, { mac })
    await bootInstaller(t, lab, { link: 'op1', mac: '52:54:00:00:00:02' })
    const { status, stdout, stderr } = await two
    t.equal(status, 0, stderr)
    // The second may be seen to be an installer before its name is: fe80::47 is there first.
    for (const target of ['fe80::5054:ff:fe12:3456%op0', 'fe80::5054:ff:fe00:2%op1'])
      t.match(stdout, new RegExp(`^(NixOS|-) +${target} .* yes `, 'm'))
    t.equal(stdout.split('\n').length, 4, 'two rows and the titles')
    const three = await lab.scanner(['find', '--wait', '--count', '3', '--timeout', '3s', '--json'])
    t.equal(three.status, 3)
    t.equal((JSON.parse(three.stdout) as { installers: unknown[] }).installers.length, 2)
    t.match(three.stderr, /2 of 3 were there after 3 s/)
    const lines = await lab.scanner(['find', '--wait', '--ndjson', '3456'])
    t.equal(lines.status, 0)
    t.match(JSON.parse(lines.stdout.split('\n')[0] ?? ''), { event: 'found', installer: { id } })
  },
)

t.test('find --ndjson without --watch ends as find ends', { skip, buffered: true }, async (t) => {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  const { status, stdout } = await lab.scanner(['find', '--ndjson'])
  t.equal(status, 0)
  const [line = '', ...rest] = stdout.trimEnd().split('\n')
  t.match(JSON.parse(line), { event: 'found', installer: { id, name: 'NixOS' } })
  // What a late packet adds to it is told as well.
  for (const each of rest) t.match(JSON.parse(each), { event: 'changed', installer: { id } })
})

t.test('a reader that has seen enough ends it quietly', { skip, buffered: true }, async (t) => {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  const live = startLive(t, lab, watchArguments, { readLines: 1 })
  await live.event(() => true)
  await bootInstaller(t, lab, { link: 'op1', mac: '52:54:00:00:00:02' })
  const { status, stderr } = await live.ended
  t.equal(status, 0)
  t.equal(stderr, '')
})
