import { setTimeout as wait } from 'node:timers/promises'
import { createNamespace, type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import { addressesSettled } from '../netns/lab.ts'
import { inTurn, spread, type Topic } from './measure.ts'
import { avahi, begin, onStages, ourAgent, type Responder, untilHeard } from './responders.ts'

/** How long it is until our agent is known on the link, beside avahi-daemon. */
export const beginnings: Topic = {
  name: 'beginnings',
  needs: ['ip', 'python3', 'avahi-daemon'],
  async *measure(runs) {
    yield* onStages([ourAgent, avahi], async function* (ours, theirs) {
      const start = async (responder: Responder, { asker, machine }: typeof ours) => {
        let started: ReturnType<typeof begin> | undefined
        const ms = await untilHeard(asker, ['announced', 'op0'], () => {
          started = begin(responder, machine)
        })
        await started?.stop()
        await wait(goodbyeMs)
        return ms
      }
      const sides = { ours: () => start(ourAgent, ours), avahi: () => start(avahi, theirs) }
      const figures = await inTurn(sides, 2 * runs)
      const peer = { name: 'avahi-daemon', spread: spread(figures.avahi) }
      const what = 'agent: from start to first announcement'
      yield { what, unit: 'ms', ours: spread(figures.ours), peer, target: { most: 1.15 } }
    })
    const sides = { ours: () => bootTogether(ourAgent), avahi: () => bootTogether(avahi) }
    // Twelve seconds for avahi alone.
    const figures = await inTurn(sides, Math.min(runs, 4))
    const peer = { name: 'avahi-daemon', spread: spread(figures.avahi) }
    const what = `${machines} machines with one name, from boot to settled`
    yield { what, unit: 'ms', ours: spread(figures.ours), peer, target: { most: 0.25 } }
  },
}

const machines = 10
/** What it leaves behind on the link has come to rest: the group, the kernel's leaving of it. */
const goodbyeMs = 300

/** Ten machines on a switch, all with one name; until each offers ssh under a name of its own. */
async function bootTogether(responder: Responder): Promise<number> {
  const hub = await createNamespace()
  const booted: Namespace[] = []
  try {
    await runInside(hub, 'ip', ['link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0'])
    await runInside(hub, 'ip', ['link', 'set', 'br0', 'up'])
    for (let index = 0; index < machines; index++) booted.push(await plugIn(hub, index, responder))
    for (const machine of booted) await addressesSettled(machine)
    return await untilHeard(hub, ['settled', 'br0', String(machines)], () => {
      for (const machine of booted) begin(responder, machine)
    })
  } finally {
    for (const each of [hub, ...booted]) each.end()
  }
}

async function plugIn(hub: Namespace, index: number, responder: Responder): Promise<Namespace> {
  const machine = await createNamespace()
  const address = `52:54:00:00:10:${(16 + index).toString(16)}`
  const far = ['peer', 'name', 'in0', 'address', address, 'netns', String(machine.pid)]
  await runInside(hub, 'ip', ['link', 'add', `p${index}`, 'type', 'veth', ...far])
  await runInside(hub, 'ip', ['link', 'set', `p${index}`, 'master', 'br0', 'up'])
  await runInside(machine, 'ip', ['link', 'set', 'in0', 'up'])
  await responder.prepare(machine)
  return machine
}
