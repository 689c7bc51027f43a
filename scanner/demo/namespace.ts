import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { commandEnvironment, runCommand } from '../../common/command.ts'
import { Failure } from '../../common/failure.ts'
import { isRoot } from './world.ts'

/** A machine made of a network namespace: it ends with the process that holds it. */
export interface Namespace {
  pid: number
  /** The words before a command that run it inside. */
  enter: readonly string[]
  /** Starts a program inside, with its stderr to read; it ends with the machine. */
  start(args: readonly string[]): ChildProcessByStdio<null, null, Readable>
  /** Switches the machine off: its processes are killed, its links vanish. */
  end(): void
}

/** Root's machines have a /run of their own: sshd's folder, D-Bus and avahi's sockets lie there. */
const privateRun =
  'mount -t tmpfs tmpfs /run && mkdir -p /run/sshd /run/dbus /run/avahi-daemon && chmod 755 /run/sshd'

/** Makes a machine with nothing but a loopback interface that is up. Needs a world of our own (world.ts). */
export async function createNamespace(): Promise<Namespace> {
  const prepare = ['ip link set lo up', ...(isRoot() ? [privateRun] : [])].join(' && ')
  // `cat` holds the namespaces until its standard input ends, that is until we end at the latest.
  const holder = spawn(
    'unshare',
    ['--net', '--mount', 'sh', '-c', `${prepare} && echo ready && exec cat`],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: commandEnvironment(),
      detached: true,
    },
  )
  await Promise.race([once(holder.stdout, 'data'), failedToStart(holder)])
  const pid = holder.pid ?? 0
  const processes = new Set<ChildProcess>([holder])
  const namespace: Namespace = {
    pid,
    enter: ['nsenter', '--net', '--mount', `--target=${pid}`, '--'],
    start(args) {
      const [command = '', ...rest] = [...this.enter, ...args]
      // Not in the terminal's foreground group: Ctrl-C is for us, who end it in order.
      const child = spawn(command, rest, {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: commandEnvironment(),
        detached: true,
      })
      processes.add(child)
      return child
    },
    end() {
      for (const child of processes) child.kill('SIGKILL')
    },
  }
  return namespace
}

async function failedToStart(child: ChildProcess): Promise<never> {
  await once(child, 'close')
  throw new Failure('could not make a network namespace', {
    advice: 'unshare from util-linux and ip from iproute2 are needed',
  })
}

/** One end of a virtual cable: an interface of a namespace. */
export interface CableEnd {
  namespace: Namespace
  interface: string
  /** A MAC of one's own choice; the kernel takes a random one. */
  mac?: string
}

/** Connects two namespaces by a veth pair, both ends up. */
export async function connect(a: CableEnd, b: CableEnd): Promise<void> {
  const mac = (end: CableEnd) => (end.mac ? ['address', end.mac] : [])
  const pair = ['link', 'add', a.interface, ...mac(a), 'type', 'veth']
  const peer = ['peer', 'name', b.interface, ...mac(b), 'netns', String(b.namespace.pid)]
  await runInside(a.namespace, 'ip', [...pair, ...peer])
  await runInside(a.namespace, 'ip', ['link', 'set', a.interface, 'up'])
  await runInside(b.namespace, 'ip', ['link', 'set', b.interface, 'up'])
}

/** Reads what a program says until a line that fits; throws a Failure when it ends before. */
export async function untilSaid(
  child: ChildProcessByStdio<null, null, Readable>,
  wanted: RegExp,
): Promise<void> {
  const said: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line)
    if (wanted.test(line)) break
  }
  // What it says later is for nobody, but a full pipe would stop it.
  child.stderr.resume()
  if (!wanted.test(said.at(-1) ?? ''))
    throw new Failure(
      `${child.spawnargs.join(' ')} ended before it said ${wanted}: ${said.join('\n')}`,
    )
}

/** Runs a command in a namespace and gives its output; throws a Failure when it fails. */
export async function runInside(
  { enter }: Namespace,
  command: string,
  args: readonly string[],
): Promise<string> {
  const [first = '', ...rest] = [...enter, command, ...args]
  const { status, stdout, stderr } = await runCommand(first, rest)
  if (status !== 0)
    throw new Failure(
      `'${[command, ...args].join(' ')}' ended with status ${status}: ${stderr.trim()}`,
    )
  return stdout
}
