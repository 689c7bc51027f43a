import { setTimeout as wait } from 'node:timers/promises'
import { inTurn, type Row, spread, type Topic } from './measure.ts'
import { avahi, begin, cpuUs, onStages, onWire, ourAgent, type Stage } from './responders.ts'

/** What a question costs our agent, in time and in work, beside avahi-daemon. */
export const answers: Topic = {
  name: 'answers',
  needs: ['ip', 'python3', 'avahi-daemon'],
  async *measure(runs) {
    yield* onStages([ourAgent, avahi], (ours, theirs) => measureBoth(ours, theirs, runs))
  },
}

/** Both have announced for the last time, and may tell the group again. */
const settledMs = 5000
const peerName = 'avahi-daemon'
/** Port to ask from, seconds between two questions, questions, and whether a unicast answer is welcome. */
const ways = {
  'legacy unicast': [0, 0.005, 100, 0],
  'from port 5353, by unicast': [5353, 0.005, 100, 1],
  'from port 5353, to the group': [5353, 1.1, 1, 0],
} as const

async function* measureBoth(ours: Stage, theirs: Stage, runs: number): AsyncGenerator<Row> {
  const agent = begin(ourAgent, ours.machine)
  const daemon = begin(avahi, theirs.machine)
  await wait(settledMs)
  for (const [way, args] of Object.entries(ways)) {
    const ask = async ({ asker }: Stage) =>
      spread(await onWire<number[]>(asker, 'ask', 'op0', 'NixOS.local', ...args)).median
    const figures = await inTurn({ ours: () => ask(ours), avahi: () => ask(theirs) }, runs)
    yield row(`agent: an answer, ${way}`, 'ms', figures, 3)
  }
  const work = async ({ asker }: Stage, pid: number) => {
    const before = cpuUs(pid)
    const flood = ['flood', 'op0', 'NixOS.local', 1000, 5] as const
    const { sent, answered } = await onWire<{ sent: number; answered: number }>(asker, ...flood)
    if (answered < sent) throw new Error(`${answered} of ${sent} questions were answered`)
    return (cpuUs(pid) - before) / sent
  }
  const sides = { ours: () => work(ours, agent.pid), avahi: () => work(theirs, daemon.pid) }
  // Five seconds each.
  const figures = await inTurn(sides, Math.min(runs, 5))
  yield row('agent: processor time a question, 1,000 a second', 'us', figures, 6)
}

function row(
  what: string,
  unit: string,
  figures: { ours: number[]; avahi: number[] },
  most: number,
): Row {
  const peer = { name: peerName, spread: spread(figures.avahi) }
  return { what, unit, ours: spread(figures.ours), peer, target: { most } }
}
