import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { keyFingerprint } from '../../common/advertisement.ts'
import { deadline } from '../../common/schedule.ts'
import type { Machine } from '../machine.ts'
import type { Console } from '../options.ts'
import { remember } from '../trust/establish.ts'
import { introduction } from '../trust/explain.ts'
import { readKnownHosts } from '../trust/known-hosts-file.ts'
import { keyType } from '../trust/known-hosts-lines.ts'
import type { SshArguments } from './arguments.ts'
import { askOnTerminal, hasTerminal } from './built-in/ask.ts'
import { type HeldTo, heldTo } from './built-in/host-key.ts'
import { Identities } from './built-in/identities.ts'
import { logIn, type Meeting } from './built-in/log-in.ts'
import { type BuiltInOptions, type Refused, readBuiltInOptions } from './built-in/options.ts'
import { type End, type Job, runJob } from './built-in/session.ts'
import { dial, type Open } from './dial.ts'
import { addressesToDial, nameOf, userOf } from './target.ts'

/** What would have been ssh's to do. */
export interface Errand {
  machine: Machine
  typed: SshArguments
  knownHosts: string
  newKeys: 'accept' | 'refuse'
}

/** ssh(1), EXIT STATUS: what is not the other side's own. */
const sshFailed = 255
/** As long as a search: the machine has answered a moment ago. */
const dialMs = 4000

/**
 * Does what ssh would do, where there is none: a shell or a command on the machine, whose server has
 * to have a key that is remembered. Gives the status of ssh.
 */
export async function runBuiltIn(
  errand: Errand,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const options = readBuiltInOptions(errand.typed.options)
  const connected = await connectBuiltIn(errand, options, console_, signal)
  if ('refused' in options || typeof connected === 'string') {
    process.stderr.write(`${connected}\n`)
    return sshFailed
  }
  const { client, host, say } = connected
  const job = jobOf(errand.typed.command, options, say)
  return conclude(await runJob(client, job, signal), job, host, say)
}

/**
 * Connects and logs in; why that does not come about, as a sentence. With `aliveMs` the machine is asked
 * for a sign of life so often, and the connection ends after three without an answer.
 */
export async function connectBuiltIn(
  errand: Errand,
  options: BuiltInOptions | Refused,
  console_: Console,
  signal: AbortSignal,
  aliveMs?: number,
) {
  if ('refused' in options) return whyNot(options.refused)
  const { machine, knownHosts, newKeys } = errand
  const held = heldTo(machine, await readKnownHosts(knownHosts), newKeys)
  const say = options.quiet ? () => {} : console_.say
  if (process.stderr.isTTY || options.verbose) say(introduce())
  const socket = await reach(errand, options, signal)
  const host = socket.remoteAddress ?? machine.target
  const meeting = { ...meet(errand, options, held, host, say, signal), aliveMs }
  const client = await logIn(socket, meeting)
  return typeof client === 'string' ? client : { client, host, say }
}

function whyNot(refused: string): string {
  return [
    `scanner: there is no ssh program here, and the built-in client ${refused}`,
    '         install openssh-client for all that ssh can do; built in are a shell and commands, with',
    '         -i -l -n -p -q -t -T -v and -o User, Port, IdentityFile, IdentitiesOnly, BatchMode',
  ].join('\n')
}

function introduce(): string {
  const isPassedOver = existsSync(join(homedir(), '.ssh', 'config'))
  return `scanner: there is no ssh program here: the built-in client is used${isPassedOver ? ', which does not read ~/.ssh/config' : ''}`
}

async function reach(
  { machine, typed }: Errand,
  { port = machine.port }: BuiltInOptions,
  signal: AbortSignal,
) {
  const addresses = addressesToDial(machine, nameOf(typed.destination ?? ''))
  const call = { who: machine.name ?? machine.id, addresses, port }
  const open: Open = (host, to) => connect({ host, port: to, noDelay: true, keepAlive: true })
  const timeUp = deadline(dialMs, signal)
  try {
    return await dial(call, open, timeUp.signal)
  } finally {
    timeUp.clear()
  }
}

function meet(
  { machine, typed, knownHosts }: Errand,
  options: BuiltInOptions,
  held: HeldTo,
  host: string,
  say: (sentence: string) => void,
  signal: AbortSignal,
): Meeting {
  const ask = !options.batchMode && hasTerminal() ? askOnTerminal : undefined
  const areNamed = options.identityFiles.length > 0
  const identities = new Identities({
    files: areNamed ? options.identityFiles : usualFiles(),
    areNamed,
    only: options.identitiesOnly,
    agent: process.env.SSH_AUTH_SOCK || undefined,
    ask,
    say,
    signal,
  })
  return {
    machine,
    held,
    host,
    user: options.user ?? userOf(typed.destination) ?? machine.user,
    identities,
    ask,
    say,
    signal,
    debug: options.verbose ? (line) => process.stderr.write(`debug1: ${line}\n`) : undefined,
    learn: async (key) => {
      if (held.keys.length > 0) return
      const base64 = key.toString('base64')
      await remember({ ...machine, boot: machine.agent?.boot ?? '' }, [base64], knownHosts)
      const type = keyType(base64) ?? ''
      const isSeen = process.stderr.isTTY
      for (const line of introduction('new', machine, keyFingerprint(key), type, isSeen)) say(line)
    },
  }
}

/** Where ssh looks for keys as well, in its order but ed25519 first. */
function usualFiles(): string[] {
  return ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name))
}

/** As ssh: a shell has a terminal if we have one, a command where it is wanted; `-tt` where we have none as well. */
function jobOf(
  words: readonly string[],
  { terminal, noInput }: BuiltInOptions,
  say: (sentence: string) => void,
): Job {
  const command = words.join(' ')
  const isWanted = terminal === 'wanted' || (terminal === 'auto' && command === '')
  const isOurs = process.stdin.isTTY && !noInput
  if (isWanted && !isOurs)
    say('Pseudo-terminal will not be allocated because stdin is not a terminal.')
  return { command, noInput, hasTerminal: terminal === 'forced' || (isWanted && isOurs) }
}

function conclude(
  { status, early }: End,
  { hasTerminal }: Job,
  host: string,
  say: (sentence: string) => void,
): number {
  if (early === 'broken') say(`Connection to ${host} closed by remote host.`)
  if (hasTerminal) say(`Connection to ${host} closed.`)
  return status ?? sshFailed
}
