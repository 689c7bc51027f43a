import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  connect,
  createNamespace,
  type Namespace,
  runInside,
} from '../../scanner/demo/namespace.ts'
import { addressesSettled } from '../netns/lab.ts'
import { agent } from './commands.ts'

/** Our agent and avahi-daemon, each alone on a machine, and what the kernel counts of them. */

export interface Responder {
  /** Its program, which runs in the foreground. */
  words: readonly string[]
  /** Makes a machine ready for it. */
  prepare(machine: Namespace): Promise<unknown>
}

/**
 * As its unit starts a program: with nothing of our environment, in which a NODE_EXTRA_CA_CERTS, say,
 * takes Node 20 another 60 ms.
 */
export function asUnit(words: readonly string[], ...variables: string[]): string[] {
  const begin = 'exec env -i PATH="$PATH" LISTEN_PID=$$ "$@" 3>/dev/null'
  return ['sh', '-c', begin, 'sh', ...variables, ...words]
}

/** Instead of the journal's socket; without one a log of JSON lines is loaded. */
const journal = ['LISTEN_FDS=1', 'LISTEN_FDNAMES=journal']
const nothing = async () => {}
export const ourAgent: Responder = {
  words: asUnit(
    [...agent, 'run', '--host-keys', '/run/none', '--status-socket', '/run/agent.sock'],
    ...journal,
  ),
  prepare: nothing,
}

/** What it publishes is what ours does, as far as it goes. Without D-Bus, which would be one more to wait for. */
const config =
  '[server]\nhost-name=NixOS\nenable-dbus=no\n[publish]\npublish-workstation=no\npublish-hinfo=no\n'
const service =
  '<service-group><name replace-wildcards="yes">%h</name>' +
  '<service><type>_ssh._tcp</type><subtype>_nixos-installer._sub._ssh._tcp</subtype><port>22</port></service>' +
  '<service><type>_sftp-ssh._tcp</type><port>22</port></service></service-group>'
const services = '/etc/avahi/services'
export const avahi: Responder = {
  words: asUnit([
    ...['avahi-daemon', '--file', '/run/avahi.conf'],
    ...['--no-drop-root', '--no-chroot', '--no-rlimits'],
  ]),
  prepare: (machine) =>
    runInside(machine, 'sh', [
      '-c',
      `mount -t tmpfs tmpfs ${services} && printf %s "$0" >/run/avahi.conf && printf %s "$1" >${services}/ssh.service`,
      config,
      service,
    ]),
}

/** A machine for a responder, on a cable from the asker's. */
export interface Stage {
  asker: Namespace
  machine: Namespace
}

/** Makes one for each responder, with settled addresses, for as long as `measure` goes on. */
export async function* onStages<T>(
  responders: readonly Responder[],
  measure: (...stages: Stage[]) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const stages: Stage[] = []
  try {
    for (const responder of responders) stages.push(await makeStage(responder))
    yield* measure(...stages)
  } finally {
    for (const { asker, machine } of stages) for (const each of [asker, machine]) each.end()
  }
}

async function makeStage(responder: Responder): Promise<Stage> {
  const [asker, machine] = [await createNamespace(), await createNamespace()]
  const far = { namespace: machine, interface: 'in0', mac: '52:54:00:12:34:56' }
  await connect({ namespace: asker, interface: 'op0' }, far)
  for (const each of [asker, machine]) await addressesSettled(each)
  await responder.prepare(machine)
  return { asker, machine }
}

/** Begins; gives the process, which is the program itself. */
export function begin({ words }: Responder, machine: Namespace) {
  const child = machine.start(words)
  child.stderr.resume()
  return { pid: child.pid ?? 0, stop: () => stop(child) }
}

async function stop(child: ReturnType<Namespace['start']>): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'close')
}

// Not compiled: it lies beside the source.
const wireProgram = fileURLToPath(new URL('../../../test/bench/wire.py', import.meta.url))

/** Lets wire.py act on a link, to its end; gives what it found. */
export async function onWire<T>(machine: Namespace, ...args: (string | number)[]): Promise<T> {
  const said = await runInside(machine, 'python3', [wireProgram, ...args.map(String)])
  return JSON.parse(said) as T
}

/** Lets wire.py listen, then does something; gives how long after that it heard what it waited for, in milliseconds. */
export async function untilHeard(
  machine: Namespace,
  args: readonly string[],
  act: () => void,
): Promise<number> {
  const listener = machine.start(['python3', wireProgram, ...args])
  let began: number | undefined
  for await (const line of createInterface({ input: listener.stderr })) {
    if (began !== undefined) return Number(line) * 1000 - began
    began = Number(process.hrtime.bigint()) / 1e6
    act()
  }
  throw new Error(`wire.py ${args.join(' ')} heard nothing`)
}

const read = (path: string) => readFileSync(path, 'utf8')
const tasks = (pid: number) =>
  readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}`)
const sum = (figures: readonly number[]) => figures.reduce((all, each) => all + each, 0)

/** Processor time of all threads so far, in microseconds. */
export function cpuUs(pid: number): number {
  return sum(tasks(pid).map((task) => Number(read(`${task}/schedstat`).split(' ')[0]))) / 1000
}

/** How often a thread of it has gone to sleep or been woken. */
export function switches(pid: number): number {
  const counts = tasks(pid).flatMap((task) => [
    ...read(`${task}/status`).matchAll(/ctxt_switches:\s+(\d+)/g),
  ])
  return sum(counts.map(([, count]) => Number(count)))
}

/** What of it is in memory, its program included. */
export function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1]) / 1024
}
