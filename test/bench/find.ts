import { fileURLToPath } from 'node:url'
import {
  createNamespace,
  type Namespace,
  runInside,
  untilSaid,
} from '../../scanner/demo/namespace.ts'
import { isInWorld, runInWorld } from '../../scanner/demo/world.ts'
import { runNode, scannerProgram, skipWithoutRoot } from '../netns/lab.ts'
import { makeRoomForNeighbours } from '../netns/neighbours.ts'
import { countTraffic, simulate } from '../netns/simulated.ts'

/**
 * `npm run bench`: `scanner find` beside `avahi-browse -rpt _ssh._tcp`, for 0 to 1,000 simulated
 * installers: how many each finds, and how long it takes, as a multiple of `node -e 0` and of each
 * other in the same run. Times of their own would say more of the machine than of the programs.
 */
const counts = [0, 1, 10, 100, 1000]
/** The median of so many, in turn, so that what else the machine does hits all alike. */
const runs = 3

if (isInWorld()) await bench()
else {
  const restore = makeRoomForNeighbours()
  process.exitCode = await runInWorld(fileURLToPath(import.meta.url), [])
  restore()
}

async function bench(): Promise<void> {
  const skip = skipWithoutRoot(
    'ip',
    'nft',
    'python3',
    'dbus-daemon',
    'avahi-daemon',
    'avahi-browse',
  )
  if (skip) return console.log(`not measured: ${skip}`)
  console.log(
    '| installers | found | time / node -e 0 | time / avahi-browse | packets an installer |',
  )
  console.log('| --- | --- | --- | --- | --- |')
  for (const count of counts) console.log(await row(count))
}

/** All runs on one link; avahi's daemon starts after the packets were counted. */
async function row(count: number): Promise<string> {
  const operator = await createNamespace()
  try {
    await simulate(operator, count)
    const traffic = await countTraffic(operator)
    const found = await find(operator)
    const { all } = await traffic()
    await startAvahi(operator)
    const browsed = await browse(operator)
    const times = { find: [] as number[], avahi: [] as number[], node: [] as number[] }
    for (let run = 0; run < runs; run++) {
      times.node.push(await timed(() => runInside(operator, process.execPath, ['-e', '0'])))
      times.find.push(await timed(() => find(operator)))
      times.avahi.push(await timed(() => browse(operator)))
    }
    const ratio = (other: number[]) => (median(times.find) / median(other)).toFixed(1)
    return [
      '',
      count,
      `${found}, avahi-browse ${browsed}`,
      ratio(times.node),
      ratio(times.avahi),
      count > 0 ? (all / count).toFixed(1) : `${all} in all`,
      '',
    ]
      .join(' | ')
      .trim()
  } finally {
    operator.end()
  }
}

async function find(operator: Namespace): Promise<number> {
  const { stdout } = await runNode(operator, scannerProgram, ['find', '--json', '-i', 'op0'], {
    XDG_STATE_HOME: '/run',
  })
  return (JSON.parse(stdout) as { installers: object[] }).installers.length
}

async function browse(operator: Namespace): Promise<number> {
  const lines = await runInside(operator, 'avahi-browse', ['-rpt', '_ssh._tcp'])
  return lines.match(/^=/gm)?.length ?? 0
}

async function startAvahi(operator: Namespace): Promise<void> {
  // The machine has a /run of its own.
  const config = '/run/avahi.conf'
  const lines = '[server]\\nhost-name=operator\\n[publish]\\npublish-workstation=no\\n'
  await runInside(operator, 'sh', ['-c', `printf '${lines}' >${config}`])
  await runInside(operator, 'dbus-daemon', ['--system', '--fork', '--nopidfile', '--nosyslog'])
  const avahi = ['avahi-daemon', '--file', config, '--no-drop-root', '--no-chroot', '--no-rlimits']
  await untilSaid(operator.start(avahi), /Server startup complete/)
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await action()
  return performance.now() - began
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}
