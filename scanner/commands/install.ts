import { randomUUID } from 'node:crypto'
import { exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'
import { attend, type Watcher } from '../install/attend.ts'
import { decide, formatElapsed, type Job, type Order } from '../install/job.ts'
import { jobState, startJob, stopJob } from '../install/jobs.ts'
import { mountAt } from '../install/mounts.ts'
import { type InstallWish, orderFor } from '../install/order.ts'
import { survey } from '../install/survey.ts'
import { type CommandLine, homeOf, type Installer, toolCommand } from '../install/with-tool.ts'
import { describeInstall, jobLine, machineLine, pasteLine } from '../install/words.ts'
import { type Console, usageFailure } from '../options.ts'
import { ask, canAsk } from '../question.ts'
import { connect, type MeetOptions, meet } from '../remote/meet.ts'
import type { Connection } from '../remote/remote.ts'
import { shellWords } from '../remote/shell-words.ts'
import type { Errand } from '../ssh/built-in.ts'
import { configFiles, isInstalled } from '../ssh/config-install.ts'
import { runInPlace } from '../ssh/session.ts'

export interface InstallOptions extends MeetOptions {
  wish: InstallWish
  /** A program here that does it, instead of one there. */
  tool: Installer | undefined
  /** Show the command, and do nothing. */
  print: boolean
  /** Do not ask. */
  yes: boolean
  /** End what runs there. */
  stop: boolean
  /** How often a silence is spoken of, in milliseconds. */
  heartbeatMs: number
  /** The command line as it was typed, to be typed again. */
  again: string
}

/** `scanner install NAME`: installs on the one machine that NAME means, or joins the install there; the status of what installs. */
export async function install(
  options: InstallOptions,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  if (options.tool && !options.print && !(await isInstalled(configFiles())))
    throw noAlias(options.tool)
  const errand = await meet(options, console_, signal)
  if (errand === undefined) return exitStatus.failed
  if (options.tool) return withTool(options.tool, errand, options, console_, signal)
  const connection = await connect(errand, console_, signal)
  if (connection === undefined) return exitStatus.failed
  const leave = () => void connection.end()
  signal.addEventListener('abort', leave)
  try {
    return await installThere(errand, connection, options, console_, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    console_.say('scanner: interrupted; the same command again says what runs there')
    return exitStatus.failed
  } finally {
    signal.removeEventListener('abort', leave)
    await connection.end()
  }
}

async function installThere(
  errand: Errand,
  connection: Connection,
  options: InstallOptions,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const { machine } = errand
  const job = await jobState(connection, errand)
  if (options.stop) return stop(job, errand, connection, console_)
  const order = orderFor(machine, options.wish)
  if (options.print) {
    const { usesSudo } = await survey(connection, errand)
    process.stdout.write(`${pasteLine(order, usesSudo, options.wish.command !== undefined)}\n`)
    return exitStatus.done
  }
  const decision = decide(job, order)
  if (decision === 'busy') throw busy(job as Job, errand)
  if (decision === 'missed')
    console_.warn(`nobody has heard yet of the last install there, ${jobLine(job as Job)}`)
  const watcher: Watcher = { ...options, errand, connection, console_, signal }
  if (decision === 'join') {
    console_.say(`scanner: joined on ${machineLine(machine)}, ${jobLine(job as Job)}`)
    return attend(job as Job, watcher)
  }
  if (!(await isMeant(errand, connection, order, options, console_, signal))) {
    console_.say('scanner: nothing was done')
    return exitStatus.failed
  }
  const started = await startJob(connection, errand, randomUUID(), order)
  console_.say(`scanner: started under ${started.under}; Ctrl-C leaves it running`)
  return attend(started, watcher)
}

/** Installing on the wrong machine wipes a disk. Throws a Failure where nothing is mounted to install to. */
async function isMeant(
  errand: Errand,
  connection: Connection,
  order: Order,
  { wish: { target }, yes }: InstallOptions,
  console_: Console,
  signal: AbortSignal,
): Promise<boolean> {
  const situation = await survey(connection, errand)
  const { machine } = errand
  if (!mountAt(target, situation.mounts))
    throw new Failure(`nothing is mounted at ${target} on ${machine.name ?? machine.id}`, {
      advice: `mount the disks first: scanner bootstrap ${machine.id} --root DEV`,
    })
  return agree(describeInstall(machine, situation, target, order), yes, console_, signal)
}

/** Says what is to be done, and asks for a yes. Throws a Failure where nobody can be asked. */
async function agree(
  what: string,
  yes: boolean,
  console_: Console,
  signal: AbortSignal,
): Promise<boolean> {
  console_.say(what)
  if (yes) return true
  if (!canAsk())
    throw usageFailure('this needs a yes, and there is no terminal to ask on', 'add --yes')
  return (await ask('Install? (yes/no) ', signal))?.trim().toLowerCase() === 'yes'
}

function busy(job: Job, { machine }: Errand): Failure {
  return new Failure(
    `${machine.name ?? machine.id} is installing something else, ${jobLine(job)}`,
    {
      advice: `wait for it, join it by the command that started it, or end it: scanner install ${machine.id} --stop`,
    },
  )
}

async function stop(
  job: Job | undefined,
  errand: Errand,
  connection: Connection,
  console_: Console,
): Promise<number> {
  if (!job?.isRunning) {
    console_.say(`scanner: no install runs there${job ? `; the last one: ${jobLine(job)}` : ''}`)
    return exitStatus.done
  }
  await stopJob(connection, errand, job)
  console_.say(`scanner: stopped after ${formatElapsed(job.seconds)}: ${job.command}`)
  return exitStatus.done
}

function noAlias(tool: Installer): Failure {
  return new Failure(`${tool} reaches the machine by its name, which ssh does not know yet`, {
    advice: 'scanner ssh-config --install (undone by --uninstall)',
  })
}

/** Has a program of this machine install, which reaches the other by its name in ssh's configuration. */
async function withTool(
  tool: Installer,
  errand: Errand,
  { wish, print, yes }: InstallOptions,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const line = toolCommand(tool, errand.machine, errand.typed, wish)
  const words = shellWords([line.command, ...line.args])
  if (print) {
    process.stdout.write(`${words}\n`)
    return exitStatus.done
  }
  const what = `Installing on ${machineLine(errand.machine)}\n  ${words}`
  if (!(await agree(what, yes, console_, signal))) return exitStatus.failed
  return runInPlace(line.command, line.args, () => notHere(tool, line))
}

function notHere(tool: Installer, { command }: CommandLine): never {
  throw new Failure(`the command '${command}' was not found on PATH`, {
    advice: `nix shell ${homeOf[tool]}`,
  })
}
