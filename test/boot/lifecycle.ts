import type { Test } from 'tap'
import { hear } from '../netns/lab.ts'
import { eventually, statesBecome, statesOf } from '../netns/segment.ts'
import { agentUnit, type LiveSystem, type Segment, show } from './live.ts'

/** The agent stopped, started and killed, as systemd does it. */

export async function sayGoodbye(t: Test, { lab, systems }: Segment): Promise<void> {
  const [bare] = systems as [LiveSystem]
  let asked = 0
  const stop = () => {
    asked = performance.now()
    return bare.inside('systemctl', 'stop', agentUnit)
  }
  const isGoodbye = (record: { ttl: number; data: unknown }) =>
    record.ttl === 0 && record.data === bare.own
  const request = { link: 'op0', family: 'IPv6' as const }
  await hear(lab.operator, request, ({ message }) => message.answers.some(isGoodbye), stop)
  const heardMs = Math.round(performance.now() - asked)
  t.comment(`the goodbye was heard ${heardMs} ms after the stop was asked for`)
  // A second is what is promised on a machine that has time.
  t.ok(heardMs < 3000, `${heardMs} ms`)
  t.same(await statesBecome(bare.namespace, [`${bare.own} usable`]), [`${bare.own} usable`])
  const { Result, ActiveState } = await show(bare, agentUnit, 'Result', 'ActiveState')
  t.same({ Result, ActiveState }, { Result: 'success', ActiveState: 'inactive' })
  await bare.inside('systemctl', 'start', agentUnit)
  const states = await statesOf(bare.namespace)
  t.match(states.join(), 'fe80::47', 'who was told that it is ready finds the address asked for')
}

const kills = 3

export async function startAgain(t: Test, { lab, systems }: Segment): Promise<void> {
  const [bare] = systems as [LiveSystem]
  const { StartLimitIntervalUSec } = await show(bare, agentUnit, 'StartLimitIntervalUSec')
  t.equal(StartLimitIntervalUSec, '0', 'no number of failures is too many')
  const before = (await statesOf(bare.namespace)).map((state) => state.split(' ')[0])
  const delaysMs: number[] = []
  for (let round = 1; round <= kills; round++) {
    delaysMs.push(await kill(bare, round))
    const now = (await statesOf(bare.namespace)).map((state) => state.split(' ')[0])
    t.same(now, before, 'its addresses are there still')
  }
  t.comment(`ready again after ${delaysMs.map((delay) => `${delay} ms`).join(', ')}`)
  const [first = 0, , third = 0] = delaysMs
  t.ok(third > first + 1000, 'the delay grows')
  await bare.inside('systemctl', 'stop', agentUnit)
  const left = [`${bare.own} usable`]
  t.same(await statesBecome(bare.namespace, left), left, 'it knew them for its own')
  await bare.inside('systemctl', 'start', agentUnit)
  const found = await lab.scanner(['find', bare.id, '--json', '--wait', '--timeout', '20s'])
  t.equal(found.status, 0, found.stderr)
}

/** Kills the agent and gives the milliseconds until it is ready again. */
async function kill(system: LiveSystem, round: number): Promise<number> {
  const began = performance.now()
  await system.inside('systemctl', 'kill', '--signal=KILL', '--kill-whom=main', agentUnit)
  const state = () => show(system, agentUnit, 'NRestarts', 'ActiveState')
  const isBack = ({ NRestarts, ActiveState }: Record<string, string>) =>
    NRestarts === String(round) && ActiveState === 'active'
  await eventually(state, isBack, 30_000)
  return Math.round(performance.now() - began)
}
