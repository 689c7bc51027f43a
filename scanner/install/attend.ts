import { exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'
import type { Console } from '../options.ts'
import { type Connection, run } from '../remote/remote.ts'
import { asScript } from '../remote/script.ts'
import type { Errand } from '../ssh/built-in.ts'
import { editKnownHosts } from '../trust/known-hosts-file.ts'
import { Heartbeat } from './heartbeat.ts'
import { pinning } from './installed-keys.ts'
import { formatElapsed, type Job } from './job.ts'
import { followBody } from './job-scripts.ts'
import { jobState, keysBelow, tellJob } from './jobs.ts'
import type { InstallWish } from './order.ts'
import { shower } from './output.ts'
import { openPosition } from './position.ts'
import { notDone } from './survey.ts'
import { reachLine } from './words.ts'

/** Who watches an install, and how. */
export interface Watcher {
  errand: Errand
  connection: Connection
  console_: Console
  signal: AbortSignal
  wish: InstallWish
  heartbeatMs: number
  again: string
}

/**
 * Shows what an install says, from where this operator was, to its end, and then how to reach the new
 * system. Gives its status. Throws a Failure when the connection breaks: the install goes on.
 */
export async function attend(job: Job, watcher: Watcher): Promise<number> {
  const { errand, connection, console_, signal } = watcher
  const isOver = await follow(job, watcher)
  const ended = isOver ? await jobState(connection, errand).catch(ignoreWhen(signal)) : undefined
  if (signal.aborted) return left(watcher)
  if (ended?.run !== job.run || ended.isRunning) throw lostIt(watcher)
  const elapsed = formatElapsed(ended.seconds)
  const { status = exitStatus.failed } = ended
  if (ended.status === undefined) console_.say(`scanner: it was killed after ${elapsed}`)
  else console_.say(`scanner: it ended with status ${status} after ${elapsed}`)
  if (status === 0) await introduce(watcher)
  await tellJob(connection, errand, job)
  return status
}

/** True when it is over, false when the connection is lost, or we leave. */
async function follow(job: Job, watcher: Watcher): Promise<boolean> {
  const { errand, connection, console_, heartbeatMs } = watcher
  const position = await openPosition(errand.machine.id, job.run)
  const began = performance.now()
  const heartbeat = new Heartbeat(heartbeatMs, (silent) => {
    const seconds = job.seconds + (performance.now() - began) / 1000
    console_.say(
      `scanner: it runs for ${formatElapsed(seconds)}, and said nothing for ${formatElapsed(silent)}`,
    )
  })
  const show = shower(process.stdout)
  const script = asScript(followBody, [job.run, String(position.bytes + 1)])
  try {
    const ran = await run(connection, script, async (bytes) => {
      heartbeat.beat()
      await show(bytes)
      position.advance(bytes.length)
    })
    if (ran.status === undefined) return false
    if (ran.status !== 0) throw notDone(errand, ran, 'show what the install says')
    return true
  } finally {
    heartbeat.stop()
    position.close()
  }
}

/** What an abort breaks is no error. */
function ignoreWhen(signal: AbortSignal) {
  return (error: unknown) => {
    if (signal.aborted) return undefined
    throw error
  }
}

function left({ console_, again, errand }: Watcher): number {
  console_.say('scanner: left; the install goes on there')
  console_.say(`  to join it again: ${again}`)
  console_.say(`  to end it: scanner install ${errand.machine.id} --stop`)
  return exitStatus.failed
}

function lostIt({ errand, again }: Watcher): Failure {
  const name = errand.machine.name ?? errand.machine.id
  return new Failure(`the connection to ${name} is lost; the install goes on there`, {
    exitStatus: exitStatus.unreachable,
    advice: `join it again by the same command: ${again}`,
  })
}

/** Says how the new system is reached, and pins its host keys where it has them already. */
async function introduce({ errand, connection, console_, wish }: Watcher): Promise<void> {
  const { machine, knownHosts } = errand
  const keys = await keysBelow(connection, errand, wish.target)
  console_.say(
    `scanner: ${machine.name ?? machine.id} is installed; to start it: scanner ssh ${machine.id} sudo reboot`,
  )
  if (keys.length === 0) {
    console_.say('  its host keys are made at its first boot: compare them with its console then')
    console_.say('  to find it then: scanner find --all')
    return
  }
  const day = new Date().toISOString().slice(0, 10)
  await editKnownHosts(knownHosts, (lines) => pinning(lines, machine.id, keys, `since=${day}`))
  console_.say(
    `  its host keys are pinned; then, if its network keeps the address: ${reachLine(machine, knownHosts)}`,
  )
}
