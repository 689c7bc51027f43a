import { explainRefusal, isGiven, reached, refuseImpostor } from '../commands/ssh.ts'
import { locate } from '../locate.ts'
import type { Console } from '../options.ts'
import type { SearchOptions } from '../search.ts'
import { splitSshArguments } from '../ssh/arguments.ts'
import type { Errand } from '../ssh/built-in.ts'
import { knownHostsFile } from '../ssh/known-hosts.ts'
import { isVouchedFor } from '../trust/authorities.ts'
import { type Consent, establishTrust } from '../trust/establish.ts'
import { readKnownHosts } from '../trust/known-hosts-file.ts'
import type { Connection } from './remote.ts'
import { openSharedSsh } from './shared-ssh.ts'

/** Whom to reach, and what ssh is told besides. */
export interface MeetOptions extends SearchOptions, Consent {
  name: string
  /** `[user@]NAME`, as it was typed. */
  destination: string
  /** Options of ssh(1), of those that the built-in client has as well. */
  sshOptions: readonly string[]
}

/**
 * The one machine that NAME means, its host key settled as by `scanner ssh`; undefined when the signal
 * was aborted. Throws a Failure when it is not found, not reachable, or not the one it was.
 */
export async function meet(
  options: MeetOptions,
  console_: Console,
  signal: AbortSignal,
): Promise<Errand | undefined> {
  const found = await locate(options, console_, signal)
  if (found === undefined) return undefined
  const machine = options.sources.includes('ssh') ? await reached(found, signal) : found
  refuseImpostor(machine)
  const knownHosts = await knownHostsFile()
  const isVouched = isVouchedFor(machine, await readKnownHosts(knownHosts))
  const isSettled =
    (!isVouched || isGiven(options)) &&
    (await establishTrust(machine, options, knownHosts, console_, signal))
  const typed = splitSshArguments([...options.sshOptions, '--', options.destination])
  return { machine, typed, knownHosts, newKeys: isSettled || isVouched ? 'refuse' : 'accept' }
}

/**
 * A connection to a machine that was met, by OpenSSH or, where there is none, by the built-in client;
 * undefined when the signal was aborted. Throws a Failure when there is none.
 */
export async function connect(
  errand: Errand,
  console_: Console,
  signal: AbortSignal,
): Promise<Connection | undefined> {
  try {
    const connection = (await openSharedSsh(errand)) ?? (await openOwn(errand, console_, signal))
    if (!signal.aborted) return connection
    await connection.end()
  } catch (error) {
    // Ctrl-C ends ssh as well.
    if (signal.aborted) return undefined
    await explainRefusal(errand.machine, errand.knownHosts, signal)
    throw error
  }
  return undefined
}

async function openOwn(errand: Errand, console_: Console, signal: AbortSignal) {
  const { openBuiltIn } = await import('./built-in.ts')
  return openBuiltIn(errand, console_, signal)
}
