import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { type Link, parseLinks } from '../../common/links.ts'
import { agentProgram } from '../../scanner/demo/installer.ts'
import { type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import { machine } from './lab.ts'

/** A segment with a switch in its middle, whose ports can be pulled, and agents that only keep addresses. */

export const static_ = 'fe80::47'
/** The kernel's duplicate address detection takes 1 to 2 s; the rest is for a machine with other work. */
export const detectionMs = 6000

/** A switch: a bridge `br0` on a machine of its own, which can speak on the segment as well. */
export async function makeSwitch(t: Test, ...bridges: string[]): Promise<Namespace> {
  const hub = await machine(t)
  for (const bridge of bridges.length > 0 ? bridges : ['br0']) {
    await runInside(hub, 'ip', ['link', 'add', bridge, 'type', 'bridge'])
    await runInside(hub, 'ip', ['link', 'set', bridge, 'up'])
  }
  return hub
}

/** Runs lines of `ip -batch` on a machine: all of them within a millisecond or so. */
export function ipBatch(namespace: Namespace, ...lines: string[]): Promise<string> {
  const quoted = lines.map((line) => `'${line}'`).join(' ')
  return runInside(namespace, 'sh', ['-c', `printf '%s\\n' ${quoted} | ip -batch -`])
}

/** Plugs a card of a machine into a port of a switch: that first, so that its first packet gets through. */
export async function plugInto(
  hub: Namespace,
  port: string,
  { namespace, mac, card = 'in0' }: { namespace: Namespace; mac?: string; card?: string },
  bridge = 'br0',
): Promise<void> {
  const peer = `peer name ${card} ${mac ? `address ${mac} ` : ''}netns ${namespace.pid}`
  await ipBatch(hub, `link add ${port} type veth ${peer}`, `link set ${port} master ${bridge} up`)
  await ipBatch(namespace, `link set ${card} up`)
}

/** An agent on a machine, and what its log has said so far. */
export interface RunningAgent {
  child: ReturnType<Namespace['start']>
  said: { level: number; msg: string; link?: string; advice?: string }[]
}

export function startQuietly(namespace: Namespace, ...options: string[]): RunningAgent {
  const child = namespace.start([process.execPath, agentProgram, 'run', ...options])
  const said: RunningAgent['said'] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line.startsWith('{') ? JSON.parse(line) : { level: 60, msg: line })
  })
  return { child, said }
}

/** An agent that announces nothing. */
export function keepAddresses(namespace: Namespace, ...options: string[]): RunningAgent {
  return startQuietly(namespace, '--no-mdns', ...options)
}

export async function linkOf(namespace: Namespace, name: string): Promise<Link | undefined> {
  const args = ['-s', '-s', '-d', '-j', 'address', 'show']
  return parseLinks(await runInside(namespace, 'ip', args)).find((link) => link.name === name)
}

/** The IPv6 addresses of an interface, each with its state, in order of their text. */
export async function statesOf(namespace: Namespace, name = 'in0'): Promise<string[]> {
  const link = await linkOf(namespace, name)
  const states = (link?.addresses ?? []).map(({ address, tentative, dadFailed }) =>
    dadFailed ? `${address} duplicate` : `${address} ${tentative ? 'tentative' : 'usable'}`,
  )
  return states.sort()
}

/** Asks again and again until the answer is as wanted, or time is up; gives the last answer. */
export async function eventually<Answer>(
  ask: () => Promise<Answer> | Answer,
  isWanted: (answer: Answer) => boolean,
  withinMs = detectionMs,
): Promise<Answer> {
  const until = performance.now() + withinMs
  while (true) {
    const answer = await ask()
    if (isWanted(answer) || performance.now() > until) return answer
    await wait(40)
  }
}

/** The states of an interface's addresses, once they are these, or as they are when time is up. */
export function statesBecome(
  namespace: Namespace,
  wanted: readonly string[],
  { name = 'in0', withinMs = detectionMs } = {},
): Promise<string[]> {
  const text = [...wanted].sort().join()
  return eventually(
    () => statesOf(namespace, name),
    (states) => states.join() === text,
    withinMs,
  )
}

/** Lets `ip monitor` write down what happens to the addresses of a machine. */
export async function watchAddresses(namespace: Namespace): Promise<string[]> {
  const lines: string[] = []
  const monitor = namespace.start(['sh', '-c', 'exec ip -o monitor address >&2'])
  createInterface({ input: monitor.stderr }).on('line', (line) => lines.push(line))
  // It says nothing when it has begun; a passing address of the loopback shows that it listens.
  for (let tries = 0; tries < 50 && lines.length === 0; tries++) {
    await ipBatch(namespace, 'address add 127.0.0.9/32 dev lo', 'address del 127.0.0.9/32 dev lo')
    await eventually(
      () => lines.length,
      (count) => count > 0,
      100,
    )
  }
  lines.splice(0)
  return lines
}

/** An echo to an address every 50 ms, from an operator's end, until it is asked what it saw. */
export function observe(operator: Namespace, target: string) {
  const seen: { at: number; from: string }[] = []
  const began = performance.now()
  const program = `exec ping -n -L -i 0.05 -W 1 ${target} >&2`
  const child = operator.start(['sh', '-c', program])
  createInterface({ input: child.stderr }).on('line', (line) => {
    const from = /bytes from ([^% ]+)/.exec(line)?.[1]
    if (from) seen.push({ at: performance.now(), from })
  })
  return {
    seen,
    /** The longest time without an answer, in milliseconds, from the first answer until now. */
    longestGap(): number {
      const times = [...seen.map(({ at }) => at), performance.now()]
      const gaps = times.slice(1).map((at, index) => at - (times[index] ?? began))
      return Math.max(...(seen.length === 0 ? [Number.POSITIVE_INFINITY] : gaps))
    },
    end: () => child.kill('SIGKILL'),
  }
}
