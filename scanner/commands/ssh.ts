import { splitZone } from '../../common/address.ts'
import { exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'
import { locateKeyless } from '../locate.ts'
import type { Machine } from '../machine.ts'
import { type Console, usageFailure } from '../options.ts'
import { shellWords } from '../remote/shell-words.ts'
import type { SearchOptions } from '../search.ts'
import { patientMs, probeSsh } from '../sources/ssh.ts'
import { Ahead } from '../ssh/ahead.ts'
import { hasOption, type SshArguments } from '../ssh/arguments.ts'
import { scanCertificates } from '../ssh/keyscan.ts'
import { hostKeyAlias, knownHostsFile } from '../ssh/known-hosts.ts'
import { runSsh } from '../ssh/session.ts'
import { sshCommandLine } from '../ssh/target.ts'
import { isVouchedFor } from '../trust/authorities.ts'
import { type Consent, establishTrust, shownKey } from '../trust/establish.ts'
import { readKnownHosts } from '../trust/known-hosts-file.ts'
import { whyRefused } from '../trust/refusal.ts'

export interface SshOptions extends SearchOptions, Consent {
  name: string
  /** Show the command line of ssh, and run nothing. */
  print: boolean
  /** Wait for a machine that still boots, for so long in milliseconds. */
  waitMs: number | undefined
}

/** `scanner ssh NAME`: finds the one machine that NAME means and opens ssh to it; ssh's own status. */
export async function ssh(
  options: SshOptions,
  typed: SshArguments,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  if (options.waitMs !== undefined) {
    const { wait } = await import('./wait.ts')
    const patient = { ...options, timeoutMs: options.waitMs }
    const status = await wait(patient, 'ssh', console_, signal)
    if (status !== exitStatus.done) return status
  }
  const ahead = new Ahead()
  try {
    return await connect(options, typed, ahead, console_, signal)
  } finally {
    await ahead.end()
  }
}

async function connect(
  options: SshOptions,
  typed: SshArguments,
  ahead: Ahead,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  // With a port, a jump host or a proxy of the user's own the probe says nothing.
  const isProbed = options.sources.includes('ssh') && !isRouted(typed.options)
  const isOurs = !isRouted(typed.options) && !checksKeysElsewhere(typed.options)
  const knownHosts = await knownHostsFile()
  const mayGoAhead = isProbed && isOurs && !isGiven(options) && !options.print
  const seen = mayGoAhead ? await ahead.watcher(typed, knownHosts) : undefined
  const guesses = ahead.guesses(options.name)
  const found = await locateKeyless({ ...options, guesses }, console_, signal, seen)
  if (found === undefined) return exitStatus.failed
  const machine = isProbed ? await reached(found, signal) : found
  refuseImpostor(machine)
  if (!isOurs && isGiven(options)) throw notOurs()
  const session = { machine, typed, knownHosts, isOurs }
  const held = await ahead.held(machine, options)
  const status = await (held ? held.open() : run(session, options, ahead, console_, signal))
  if (isOurs && status === sshFailed) await explainRefusal(machine, knownHosts, signal)
  return status
}

interface Session {
  machine: Machine
  typed: SshArguments
  knownHosts: string
  /** Whether it is by our known_hosts that the key is checked. */
  isOurs: boolean
}

/** One thing after the other: the key is looked at, then ssh is run. */
async function run(
  { machine, typed, knownHosts, isOurs }: Session,
  options: SshOptions,
  ahead: Ahead,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  await ahead.end()
  if (signal.aborted) return exitStatus.failed
  const isVouched = isVouchedFor(machine, await readKnownHosts(knownHosts))
  const consent = { ...options, keep: !options.print }
  const isSettled =
    isOurs &&
    (!isVouched || isGiven(options)) &&
    (await establishTrust(machine, consent, knownHosts, console_, signal))
  const isKept = isSettled && !options.print
  const newKeys = isKept || isVouched ? 'refuse' : 'accept'
  const words = sshCommandLine(machine, typed, knownHosts, newKeys)
  if (options.print) {
    process.stdout.write(`${shellWords(['ssh', ...words])}\n`)
    return exitStatus.done
  }
  return runSsh(words, async () => {
    const { runBuiltIn } = await import('../ssh/built-in.ts')
    return runBuiltIn({ machine, typed, knownHosts, newKeys }, console_, signal)
  })
}

/** What the user vouches for is the key on the announced port: elsewhere nobody would hold it against that. */
function notOurs(): Failure {
  return usageFailure(
    "--fingerprint and --accept-new-key do not go with a port, a way or a check of ssh's own",
    "leave out -p, -J, and -o Port, Proxy... and those about host keys, or the scanner's option",
  )
}

export function isGiven({ pinned, acceptNewKey = false }: Consent): boolean {
  return pinned !== undefined || acceptNewKey
}

/** ssh(1), EXIT STATUS: 255 if an error occurred, or the remote command's own. */
const sshFailed = 255

/** Whether the user's options lead elsewhere than to the announced port. */
function isRouted(options: readonly string[]): boolean {
  const bySetting = options.some((word) => /^(-o *)?(port|proxy)/i.test(word))
  return bySetting || hasOption(options, 'p') || hasOption(options, 'J')
}

/** Whether the user has told ssh himself how the key is to be checked. */
function checksKeysElsewhere(options: readonly string[]): boolean {
  return options.some((word) =>
    /^(-o *)?(stricthost|userknown|globalknown|knownhosts|hostkeyalias)/i.test(word),
  )
}

/** Throws a Failure when the reason is that no trusted authority vouches for the key. */
export async function explainRefusal(
  machine: Machine,
  knownHosts: string,
  signal: AbortSignal,
): Promise<void> {
  const lines = await readKnownHosts(knownHosts)
  if (!isVouchedFor(machine, lines)) return
  // Without ssh-keyscan it is not known, and ssh has said what there is to say.
  const certificates = await scanCertificates(machine.target, machine.port).catch(() => undefined)
  if (certificates === undefined) return
  const key = await shownKey(machine, lines, signal)
  const shown = { fingerprints: key === undefined ? [] : [key], certificates }
  const alias = hostKeyAlias(machine.id)
  const reason = whyRefused(shown, lines, alias, new Date())
  if (reason === undefined) return
  const name = machine.name ?? machine.id
  throw new Failure(
    `a certificate authority is trusted for ${alias}, and ${name} is refused: ${reason}`,
    {
      exitStatus: exitStatus.identityMismatch,
      advice:
        'either another machine claims to be it, or its ISO has no key of that authority: compare the ' +
        `fingerprint with its console, and if it is the same: scanner ssh ${machine.id} --fingerprint ${key ?? 'SHA256:...'}`,
    },
  )
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

/** The machine as its server shows itself, which may take longer than a search does; throws a Failure when it does not. */
export async function reached(machine: Machine, signal: AbortSignal): Promise<Machine> {
  if (machine.ssh.reachable) return machine
  const { address, zone = '' } = splitZone(machine.target)
  const { ssh } = await probeSsh(zone, address, machine.port, signal, undefined, patientMs)
  if (!ssh?.reachable) throw unreachable(machine)
  return { ...machine, ssh }
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
