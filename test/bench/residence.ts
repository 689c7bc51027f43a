import { lstatSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Namespace, runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import { agent } from './commands.ts'
import { type Row, spread, type Topic } from './measure.ts'
import {
  asUnit,
  begin,
  cpuUs,
  onStages,
  onWire,
  ourAgent,
  residentMb,
  type Stage,
  switches,
} from './responders.ts'

/** What our agent takes of a machine whose disk is its memory: while nothing happens, and after an hour of traffic. */
export const residence: Topic = {
  name: 'residence',
  needs: ['ip', 'python3'],
  async *measure() {
    yield* onStages([ourAgent], measureOne)
    yield {
      what: 'agent: installed size without Node',
      unit: 'MB',
      ours: spread([installedBytes() / 1_000_000]),
      target: { most: 3 },
    }
  },
}

/** Both announcements are out, and V8 has tidied up. */
const settledMs = 10_000
const idleMs = 60_000

async function* measureOne(stage: Stage): AsyncGenerator<Row> {
  const bare = residentMb(await startBareNode(stage.asker))
  const { pid } = begin(ourAgent, stage.machine)
  await wait(settledMs)
  const [woken, worked, atStart] = [switches(pid), cpuUs(pid), residentMb(pid)]
  await wait(idleMs)
  const idle = { unit: '', target: { most: 0 } }
  yield {
    what: 'agent, idle for 60 s: context switches',
    ...idle,
    ours: spread([switches(pid) - woken]),
  }
  const percent = (cpuUs(pid) - worked) / idleMs / 10
  // Shown, and meant, with two digits.
  const shown = Math.round(percent * 100) / 100
  yield { what: 'agent, idle for 60 s: processor', ...idle, unit: '%', ours: spread([shown]) }
  const resident: number[] = []
  for (let quarter = 0; quarter < 4; quarter++) {
    await spendQuarter(stage)
    resident.push(residentMb(pid))
  }
  yield {
    what: "agent: resident memory after an hour's traffic",
    unit: 'MB',
    ours: spread(resident.slice(-1)),
    peer: { name: 'node with one UDP socket', spread: spread([bare]) },
    target: { most: 1.25 },
    note: `${atStart.toFixed(1)} at the start; after each quarter ${resident.map((each) => each.toFixed(1)).join(', ')}`,
  }
}

async function startBareNode(machine: Namespace): Promise<number> {
  const program = "require('dgram').createSocket('udp6').bind(0, () => console.error('bound'))"
  const child = machine.start(asUnit([process.execPath, '-e', program]))
  await untilSaid(child, /bound/)
  await wait(500)
  return child.pid ?? 0
}

/** 900 seconds of a busy link, and an address that comes and goes once a minute, in a few seconds. */
async function spendQuarter({ asker, machine }: Stage): Promise<void> {
  const traffic = onWire<number>(asker, 'traffic', 'op0', 900)
  for (let minute = 0; minute < 15; minute++)
    for (const verb of ['add', 'del']) {
      await runInside(machine, 'ip', ['address', verb, '192.0.2.9/24', 'dev', 'in0'])
      await wait(50)
    }
  await traffic
}

/** The agent's part of the bundle, and the packages that it loads. */
function installedBytes(): number {
  const own = dirname(agent[1] ?? '')
  const packages = ['pino.js', 'yargs.js'].map((name) => join(dirname(own), 'packages', name))
  return [...readdirSync(own).map((name) => join(own, name)), ...packages]
    .map((path) => lstatSync(path).size)
    .reduce((all, each) => all + each, 0)
}
