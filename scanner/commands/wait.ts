import { exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'
import { ambiguous } from '../locate.ts'
import type { Machine } from '../machine.ts'
import type { Console } from '../options.ts'
import { formatJson } from '../print/json.ts'
import { formatEvent, publicEvent } from '../print/ndjson.ts'
import { formatTable } from '../print/table.ts'
import type { SearchOptions } from '../search.ts'
import { follow, type Situation } from '../watch/follow.ts'
import { type Goal, Waiting } from '../watch/goal.ts'
import { tellLeftOut } from './find.ts'

/** Whoever waits for a server wants to know soon; one connection in this time costs a booting machine nothing. */
const sshRetryMs = 2000

/** `scanner wait NAME --for GOAL`: the status tells how it ended; stdout stays empty. */
export async function wait(
  options: SearchOptions & { name: string },
  goal: Goal,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const { name, timeoutMs } = options
  const waiting = new Waiting(goal, name)
  const progress = new Progress(console_)
  await tellLeftOut(options, console_)
  progress.say(`waiting for '${name}' ${phrase[goal]}, ${duration(timeoutMs)} (Ctrl-C ends)`)
  let last: readonly Machine[] = []
  for await (const situation of follow({ ...options, sshRetryMs }, console_.warn, signal)) {
    last = situation.machines
    progress.tell(situation)
    const verdict = waiting.judge(situation)
    if (verdict === 'reached') return exitStatus.done
    if (verdict === 'ambiguous') throw ambiguous(name, last)
  }
  if (signal.aborted) return exitStatus.failed
  throw timedOut(options, goal, last)
}

const phrase: Record<Goal, string> = {
  announced: 'to be announced',
  ssh: 'to answer by ssh',
  gone: 'to be gone',
}

function duration(timeoutMs: number): string {
  return timeoutMs === Number.POSITIVE_INFINITY ? 'for ever' : `for up to ${timeoutMs / 1000} s`
}

function timedOut(
  { name, timeoutMs }: SearchOptions,
  goal: Goal,
  [machine]: readonly Machine[],
): Failure {
  const seconds = `${timeoutMs / 1000} s`
  if (machine && goal === 'gone')
    return new Failure(`'${name}' is still there after ${seconds}, at ${machine.target}`, {
      exitStatus: exitStatus.nothingFound,
    })
  if (machine && goal === 'ssh')
    return new Failure(
      `'${name}' was found at ${machine.target}, but no ssh server answered on port ${machine.port} in ${seconds}`,
      {
        exitStatus: exitStatus.unreachable,
        advice: 'look at its console: is sshd running, and does its firewall let port 22 in?',
      },
    )
  return new Failure(`no installer that fits '${name}' was there in ${seconds}`, {
    exitStatus: exitStatus.nothingFound,
    advice: "is it booted, and on the same link? 'scanner find --all' lists every host there",
  })
}

/** What happens meanwhile, for whoever sits in front of it; scripts read the status. */
class Progress {
  readonly #console: Console
  #links: string | undefined

  constructor(console_: Console) {
    this.#console = console_
  }

  say(sentence: string): void {
    if (process.stderr.isTTY) this.#console.say(`scanner: ${sentence}`)
  }

  tell({ events, links }: Situation): void {
    const searched = links.join(', ') || 'no link yet: plug in the cable'
    if (searched !== this.#links) this.say(`searching ${searched}`)
    this.#links = searched
    for (const { event, machine } of events)
      this.say(
        `${event} ${machine.name ?? machine.id} at ${machine.target}, ssh ${machine.ssh.reachable ? 'answers' : 'does not answer yet'}`,
      )
  }
}

export interface WaitOptions extends SearchOptions {
  /** So many are to be there. */
  count: number
  json: boolean
  ndjson: boolean
}

/** `scanner find --wait`: lists the installers once so many are there that fit; status 3 when time was up before. */
export async function findWhenThere(
  options: WaitOptions,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const { count, timeoutMs } = options
  const progress = new Progress(console_)
  const wanted = count === 1 ? 'an installer' : `${count} installers`
  await tellLeftOut(options, console_)
  progress.say(`waiting for ${wanted}, ${duration(timeoutMs)} (Ctrl-C ends)`)
  const warnings: string[] = []
  const warn = (sentence: string) => {
    warnings.push(sentence)
    if (!options.json) console_.warn(sentence)
  }
  let machines: readonly Machine[] = []
  let reached = false
  for await (const situation of follow({ ...options, sshRetryMs }, warn, signal)) {
    machines = situation.machines
    progress.tell(situation)
    if (options.ndjson)
      for (const event of situation.events)
        process.stdout.write(formatEvent(publicEvent(event, new Date())))
    reached = isThere(situation, count)
    if (reached) break
  }
  if (options.json) process.stdout.write(formatJson(machines, warnings))
  else if (!options.ndjson && machines.length > 0)
    process.stdout.write(formatTable(machines, process.stdout.columns))
  if (reached) return exitStatus.done
  if (signal.aborted) return exitStatus.failed
  console_.say(`scanner: ${machines.length} of ${count} were there after ${timeoutMs / 1000} s`)
  return exitStatus.nothingFound
}

/** Whether enough are there, each with what the first visit to its ssh server told. */
function isThere({ machines, fading, pending }: Situation, count: number): boolean {
  const present = machines.filter((machine) => !fading.has(machine))
  return present.length >= count && !present.some((machine) => pending.has(machine))
}
