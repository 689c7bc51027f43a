import { readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { linkLocalFromMac } from '../../common/address.ts'
import { stop } from '../../scanner/demo/installer.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import { machine, skipWithout, skipWithoutRoot } from './lab.ts'
import {
  detectionMs,
  eventually,
  ipBatch,
  keepAddresses,
  makeSwitch,
  plugInto,
  type RunningAgent,
  startQuietly,
  statesBecome,
  watchAddresses,
} from './segment.ts'

const skip = skipWithout('ip')
t.jobs = 3
const mac = '52:54:00:12:34:56'
const own = linkLocalFromMac(mac)
const held = ['fe80::47 usable', `${own} usable`]
/** Of one processor, while links come and go a hundred times a second: looks are one part in five. */
const mostBusy = 0.4

/** An `ip` that fails as often as the file of its verb says, before it does its work. */
const failingIp = (folder: string, real: string) => `#!/bin/sh
case " $* " in
  *" monitor "*) verb=monitor ;;
  *" show "*) verb=show ;;
  *" add "*) verb=add ;;
  *) verb=other ;;
esac
left=$(cat ${folder}/$verb 2>/dev/null || echo 0)
if [ "$left" -gt 0 ]; then
  echo $((left - 1)) >${folder}/$verb
  echo "$verb fails $left more times" >&2
  exit 1
fi
exec ${real} "$@"
`

t.test(
  '`ip` that fails, now and then, for each of its uses',
  {
    skip,
    buffered: true,
  },
  async (t) => {
    const hub = await makeSwitch(t)
    const namespace = await machine(t)
    await plugInto(hub, 'p0', { namespace, mac })
    await ipBatch(namespace, 'link set in0 addrgenmode none', 'address flush dev in0')
    const folder = t.testdir({ show: '2', add: '2', monitor: '2' })
    const real = (await runInside(namespace, 'sh', ['-c', 'command -v ip'])).trim()
    await writeFile(join(folder, 'ip'), failingIp(folder, real))
    await chmod(join(folder, 'ip'), 0o755)
    const path = `PATH=${folder}:${process.env.PATH}`
    const agent = keepAddresses({ ...namespace, enter: [...namespace.enter, 'env', path] })
    const within = { withinMs: 3 * detectionMs }
    t.same(await statesBecome(namespace, held, within), held)
    const left = () =>
      ['show', 'add', 'monitor'].map((verb) => readFileSync(join(folder, verb), 'utf8').trim())
    t.same(await eventually(left, (counts) => counts.every((each) => each === '0')), [
      '0',
      '0',
      '0',
    ])
    const said = agent.said.filter(({ level }) => level >= 40).map(({ msg }) => msg)
    t.match(said.sort(), [
      "'ip monitor' ended, will start it again",
      /^could not add fe80::47 to in0|^could not add fe80::5054/,
      /could not/,
    ])
    // And while it runs, with an event that nobody tells of twice.
    await writeFile(join(folder, 'show'), '2')
    await writeFile(join(folder, 'add'), '1')
    await ipBatch(namespace, 'address flush dev in0')
    t.same(await statesBecome(namespace, held, within), held)
  },
)

t.test(
  '`ip` that is gone for a while',
  { skip: skipWithoutRoot('ip'), buffered: true },
  async (t) => {
    const hub = await makeSwitch(t)
    const namespace = await machine(t)
    await plugInto(hub, 'p0', { namespace, mac })
    const agent = keepAddresses(namespace)
    t.same(await statesBecome(namespace, held), held)
    const path = (await runInside(namespace, 'sh', ['-c', 'readlink -f "$(command -v ip)"'])).trim()
    const gone = join(t.testdir(), 'ip')
    // To the kernel a program whose interpreter is missing is missing itself.
    await writeFile(gone, '#!/nonexistent\n')
    await chmod(gone, 0o755)
    const monitor = await watchAddresses(namespace)
    await runInside(namespace, 'mount', ['--bind', gone, path])
    await ipBatch(hub, 'link set p0 down', 'link set p0 up')
    const complaints = () =>
      agent.said.filter(({ msg }) => msg.startsWith('could not read the links'))
    t.equal((await eventually(complaints, ({ length }) => length > 0)).length, 1)
    await runInside(namespace, 'umount', [path])
    const claimed = () => monitor.some((line) => line.startsWith('Deleted'))
    t.ok(await eventually(claimed, Boolean, 2 * detectionMs), 'the flap was not forgotten')
    t.same(await statesBecome(namespace, held), held)
    t.equal(complaints().length, 1, 'said once')
  },
)

/** Seconds of processor time that a program and the commands it ran have taken. */
function busySeconds({ child }: RunningAgent): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  // utime, stime, cutime, cstime of proc(5), in ticks of 10 ms.
  return fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0) / 100
}

function monitorOf({ child }: RunningAgent): number {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ')
  const isMonitor = (pid: string) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('monitor')
  return Number(children.filter(Boolean).find(isMonitor))
}

t.test('a thousand flaps in ten seconds', { skip, buffered: true }, async (t) => {
  const hub = await makeSwitch(t)
  const namespace = await machine(t)
  await plugInto(hub, 'p0', { namespace, mac })
  const agent = startQuietly(namespace)
  t.same(await statesBecome(namespace, held), held)
  const busyBefore = busySeconds(agent)
  const began = performance.now()
  const flaps = 'for i in $(seq 1000); do ip link set p0 down; ip link set p0 up; sleep 0.005; done'
  await runInside(hub, 'sh', ['-c', flaps])
  const seconds = (performance.now() - began) / 1000
  const busy = (busySeconds(agent) - busyBefore) / seconds
  t.ok(busy < mostBusy, `${Math.round(100 * busy)} % of a processor for ${seconds.toFixed(1)} s`)
  t.comment(`${Math.round(100 * busy)} % of a processor for ${seconds.toFixed(1)} s`)
  t.same(await statesBecome(namespace, held), held)
  t.same(
    agent.said.filter(({ level }) => level > 40),
    [],
  )
  await stop(agent.child)
  t.same(
    await statesBecome(namespace, [`${own} usable`]),
    [`${own} usable`],
    'ours are taken along',
  )
})

t.test(
  'events that the kernel had to drop, and a monitor that is killed',
  {
    skip,
    buffered: true,
  },
  async (t) => {
    const hub = await makeSwitch(t)
    const namespace = await machine(t)
    await plugInto(hub, 'p0', { namespace, mac })
    await ipBatch(namespace, 'link set in0 addrgenmode none', 'address flush dev in0')
    const agent = keepAddresses(namespace)
    t.same(await statesBecome(namespace, held), held)
    const monitor = await eventually(() => monitorOf(agent), Boolean)
    process.kill(monitor, 'SIGSTOP')
    // Far more than its socket holds; then what is to be seen.
    const changes = Array.from(
      { length: 4000 },
      (_, index) => `link set in0 mtu ${1400 + (index % 2)}`,
    )
    const lines = join(t.testdir(), 'lines')
    await writeFile(lines, `${[...changes, 'address flush dev in0'].join('\n')}\n`)
    await runInside(namespace, 'ip', ['-batch', lines])
    t.same(await statesBecome(namespace, [], { withinMs: 0 }), [])
    process.kill(monitor, 'SIGCONT')
    t.same(await statesBecome(namespace, held), held)

    process.kill(monitor, 'SIGKILL')
    await ipBatch(namespace, 'address flush dev in0')
    t.same(await statesBecome(namespace, held), held)
    t.equal(agent.said.filter(({ msg }) => msg.startsWith("'ip monitor' ended")).length, 1)
  },
)
