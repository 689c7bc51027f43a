import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { runCommand } from '../../common/command.ts'
import type { Namespace } from '../../scanner/demo/namespace.ts'
import { skipWithoutRoot } from '../netns/lab.ts'
import { eventually } from '../netns/segment.ts'
import { debianTree, run } from './tree.ts'

/** Machines with an init of their own: a tree booted by systemd-nspawn in a network namespace. */

const commands = ['systemd-nspawn', 'systemctl', 'nsenter', 'pgrep', 'npm', 'ip', 'ping', 'ssh']

/** Why a test that boots is skipped; false when it can run. */
export async function skipWithoutMachines(...more: string[]): Promise<string | false> {
  const reason = skipWithoutRoot(...commands, ...more)
  if (reason) return reason
  const tree = await debianTree()
  if (!tree) return 'no Debian tree to boot (.ci/tree)'
  const words = [...nspawn, '--private-network', '-D', tree, '--as-pid2', 'true']
  const { status, stderr } = await runCommand('env', words)
  return status !== 0 && `systemd-nspawn cannot start a machine here: ${stderr.trim()}`
}

/** Nothing of the tree is changed; no daemon of this machine is told. */
const nspawn = [
  // Systemd 256 and later wants one hierarchy, whatever this machine has.
  'SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1',
  'systemd-nspawn',
  '--quiet',
  '--register=no',
  '--keep-unit',
  '--volatile=overlay',
  '--console=pipe',
  '--resolv-conf=off',
  '--timezone=off',
]

/**
 * Machines with one control group would take each other's processes for their own: gives each a group
 * below ours, in the hierarchies that systemd uses (cgroups(7)).
 */
const inOwnGroup = `
for line in $(grep -E '^(0:|[0-9]+:name=systemd:)' /proc/self/cgroup); do
  for root in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    group=$root\${line##*:}
    [ -e "$group/cgroup.procs" ] || continue
    mkdir -p "$group/$0" && echo $$ >"$group/$0/cgroup.procs"
  done
done
exec env "$@"`

/** Time for systemd-nspawn to start an init; it takes a tenth of a second on a machine with time. */
const startMs = 20_000

export interface Machine {
  namespace: Namespace
  /** When it was switched on, on the clock of performance.now(). */
  began: number
  /** Runs a command in it as root, and gives its output; throws when it fails. */
  inside(command: string, ...args: string[]): Promise<string>
  /** Pulls the plug. */
  off(): Promise<void>
}

/** A machine whose cards are plugged in before it is switched on. */
export async function bootMachine(
  namespace: Namespace,
  { root, name, options = [] }: { root: string; name: string; options?: readonly string[] },
): Promise<Machine> {
  const [first = '', ...rest] = namespace.enter
  const own = [
    `--network-namespace-path=/proc/${namespace.pid}/ns/net`,
    '--capability=CAP_NET_ADMIN',
  ]
  const words = ['-D', root, `--machine=${name}`, `--hostname=${name}`, '--boot', ...options]
  const group = `installer-discovery-${randomUUID()}`
  const began = performance.now()
  const child = spawn(
    first,
    [...rest, 'sh', '-c', inOwnGroup, group, ...nspawn, ...own, ...words],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  )
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  const init = () => runCommand('pgrep', ['--exact', '--parent', String(child.pid), 'systemd'])
  const { status, stdout } = await eventually(init, (found) => found.status === 0, startMs)
  if (status !== 0) throw new Error(`${name} has no init after ${startMs} ms: ${said}`)
  const leader = Number(stdout)
  const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup']
  const path = 'PATH=/usr/local/bin:/usr/sbin:/usr/bin'
  const enter = [`--target=${leader}`, ...namespaces, '--', 'env', '-i', path]
  return {
    namespace,
    began,
    inside: (command, ...args) => run('nsenter', ...enter, command, ...args),
    async off() {
      const closed = child.exitCode ?? child.signalCode ?? once(child, 'close')
      // With its init all its processes end, and then systemd-nspawn.
      if (closed instanceof Promise) process.kill(leader, 'SIGKILL')
      await closed
      await eventually(
        () => runCommand('sh', ['-c', removeGroup, group]),
        ({ status }) => status === 0,
      )
    },
  }
}

/** Groups can be removed when the last process has gone. */
const removeGroup = `
find /sys/fs/cgroup -depth -type d -path "*/$0*" -exec rmdir {} + 2>/dev/null
[ -z "$(find /sys/fs/cgroup -type d -name "$0")" ]`
