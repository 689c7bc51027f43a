import { Failure } from '../../common/failure.ts'
import { type Connection, type Ran, run } from '../remote/remote.ts'
import { asScript } from '../remote/script.ts'
import type { Errand } from '../ssh/built-in.ts'
import { type PublicKey, readPublicKeys } from './installed-keys.ts'
import { type Job, type Order, readJob } from './job.ts'
import {
  keysBody,
  startBody,
  startParameters,
  stateBody,
  stopBody,
  tellBody,
} from './job-scripts.ts'
import { notDone } from './survey.ts'

/** What the machine tells of the last install on it; undefined when there was none. */
export async function jobState(connection: Connection, errand: Errand): Promise<Job | undefined> {
  const { stdout } = await carryOut(connection, errand, asScript(stateBody), 'tell of its installs')
  return readJob(stdout)
}

/** Starts one. Throws a Failure when another was faster, or there is nothing to run it under. */
export async function startJob(
  connection: Connection,
  errand: Errand,
  run: string,
  { command, directory }: Order,
): Promise<Job> {
  const script = asScript(startBody, startParameters(run, command, directory))
  const { stdout } = await carryOut(connection, errand, script, 'start the install')
  const job = await jobState(connection, errand)
  if (stdout.trim() === 'started' && job?.run === run) return job
  const name = errand.machine.name ?? errand.machine.id
  throw stdout.trim() === 'none'
    ? new Failure(`${name} has neither systemd nor tmux to run an install under`, {
        advice: 'install tmux there: an install has to outlive the connection',
      })
    : new Failure(`somebody else has started an install on ${name} a moment ago`, {
        advice: 'the same command again says which',
      })
}

/** Ends it, and waits until it has. */
export async function stopJob(connection: Connection, errand: Errand, { run }: Job): Promise<void> {
  await carryOut(connection, errand, asScript(stopBody, [run]), 'stop the install')
}

/** Notes there that an operator knows how it ended. */
export async function tellJob(connection: Connection, errand: Errand, { run }: Job): Promise<void> {
  await carryOut(connection, errand, asScript(tellBody, [run]), 'note that its end is known')
}

/** The public host keys of the system below a folder; none before its first boot, mostly. */
export async function keysBelow(
  connection: Connection,
  errand: Errand,
  target: string,
): Promise<PublicKey[]> {
  const { stdout } = await carryOut(
    connection,
    errand,
    asScript(keysBody, [target]),
    'show host keys',
  )
  return readPublicKeys(stdout)
}

async function carryOut(
  connection: Connection,
  errand: Errand,
  script: string,
  what: string,
): Promise<Ran> {
  const ran = await run(connection, script)
  if (ran.status !== 0) throw notDone(errand, ran, what)
  return ran
}
