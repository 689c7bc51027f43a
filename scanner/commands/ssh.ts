import { exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'
import { locate } from '../locate.ts'
import type { Machine } from '../machine.ts'
import type { Console } from '../options.ts'
import type { SearchOptions } from '../search.ts'
import { hasOption, type SshArguments } from '../ssh/arguments.ts'
import { knownHostsFile } from '../ssh/known-hosts.ts'
import { runSsh } from '../ssh/session.ts'
import { sshCommandLine } from '../ssh/target.ts'

/** `scanner ssh NAME`: finds the one machine that NAME means and opens ssh to it; ssh's own status. */
export async function ssh(
  options: SearchOptions & { name: string },
  typed: SshArguments,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const machine = await locate(options, console_, signal)
  if (machine === undefined) return exitStatus.failed
  // With a port, a jump host or a proxy of the user's own the probe says nothing.
  refuseImpostor(machine)
  const ownWay = isRouted(typed.options)
  if (!machine.ssh.reachable && options.sources.includes('ssh') && !ownWay)
    throw unreachable(machine)
  return runSsh(sshCommandLine(machine, typed, await knownHostsFile()))
}

/** Whether the user's options lead elsewhere than to the announced port. */
function isRouted(options: readonly string[]): boolean {
  const bySetting = options.some((word) => /^(-o *)?(port|proxy)/i.test(word))
  return bySetting || hasOption(options, 'p') || hasOption(options, 'J')
}

/** One machine has one host key of a type, on all its cards: who shows another only claims its id or its addresses. */
export function refuseImpostor(machine: Machine): void {
  if (machine.ssh.hostKeys.length <= 1) return
  throw new Failure(
    `${machine.name ?? machine.id} shows ${machine.ssh.hostKeys.length} different host keys: ${machine.ssh.hostKeys.join(', ')}`,
    {
      exitStatus: exitStatus.identityMismatch,
      advice:
        'another machine on the link claims to be this one: compare the fingerprints with its console, and unplug the other',
    },
  )
}

function unreachable(machine: Machine): Failure {
  return new Failure(
    `${machine.name ?? machine.id} was found at ${machine.target}, but no ssh server answers on port ${machine.port}`,
    {
      exitStatus: exitStatus.unreachable,
      advice: 'it may still be booting, or its firewall drops the port: try again in some seconds',
    },
  )
}
