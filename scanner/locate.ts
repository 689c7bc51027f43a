import { exitStatus } from '../common/contract.ts'
import { Failure } from '../common/failure.ts'
import { nearest } from '../common/nearest.ts'
import { addressesIn } from './choose.ts'
import type { Machine } from './machine.ts'
import type { Console } from './options.ts'
import { formatTable } from './print/table.ts'
import { type Found, type SearchOptions, type Seen, search } from './search.ts'
import { withoutLocal } from './sighting.ts'
import { cachedNames, rememberNames } from './words/names-cache.ts'

/**
 * The one machine that NAME means, for verbs that touch it; undefined when the signal was aborted.
 * Throws a Failure when nobody fits (status 3), or more than one does (status 4): those are listed.
 */
export async function locate(
  options: SearchOptions & { name: string },
  console_: Console,
  signal: AbortSignal,
): Promise<Machine | undefined> {
  const found = await search({ ...options, one: true }, signal, console_.log)
  return signal.aborted ? undefined : only(found, options, console_)
}

/**
 * As `locate`, but no ssh server is visited unless it takes host keys to tell who is whom: for
 * whoever connects to the machine anyway, and is in a hurry.
 */
export async function locateQuickly(
  options: SearchOptions & { name: string },
  console_: Console,
  signal: AbortSignal,
): Promise<Machine | undefined> {
  const sources = options.sources.filter((source) => source !== 'ssh')
  const isSettled = sources.length === options.sources.length
  if (isSettled || sources.length === 0 || mayBeKeyed(options.name))
    return locate(options, console_, signal)
  const found = await search({ ...options, sources, one: true }, signal, console_.log)
  if (signal.aborted) return undefined
  return found.machines.every(isTold)
    ? only(found, options, console_)
    : locate(options, console_, signal)
}

/**
 * As `locate`, but no host key is asked for unless it takes them to tell who is whom; servers are
 * visited. `seen` is told of what is known meanwhile.
 */
export async function locateKeyless(
  options: SearchOptions & { name: string },
  console_: Console,
  signal: AbortSignal,
  seen: Seen | undefined,
): Promise<Machine | undefined> {
  if (mayBeKeyed(options.name)) return locate(options, console_, signal)
  const wanted: SearchOptions = { ...options, one: true, keysOf: 'doubtful' }
  const found = await search(wanted, signal, console_.log, seen)
  if (signal.aborted) return undefined
  return found.machines.every(isClear)
    ? only(found, options, console_)
    : locate(options, console_, signal)
}

/** Whether NAME may be an id that was made of a host key. */
function mayBeKeyed(name: string): boolean {
  return /^[0-9a-f]{16}$/i.test(name) && addressesIn(name).length === 0
}

/**
 * Whether it is told without its host key who a machine is, that only one is meant: by one card. Two
 * cards of one id may be of two machines, and without a MAC the key makes the id.
 */
function isTold(machine: Machine, _: number, machines: readonly Machine[]): boolean {
  const [link, ...others] = machine.links
  const hasId = machine.agent !== null || link?.mac !== null
  return machines.length === 1 && others.length === 0 && hasId
}

/** Whether its host key would tell nothing more. */
function isClear(machine: Machine, index: number, machines: readonly Machine[]): boolean {
  const { reachable, hostKeys } = machine.ssh
  return !reachable || hostKeys.length > 0 || isTold(machine, index, machines)
}

function only(
  { machines, installers, warnings }: Found,
  options: SearchOptions & { name: string },
  console_: Console,
): Machine {
  for (const warning of machines.length === 1 ? [] : warnings) console_.warn(warning)
  const [machine, ...others] = machines
  rememberNames(installers, false)
  if (machine === undefined) throw nobody(options)
  if (others.length > 0) throw ambiguous(options.name, machines)
  return machine
}

function nobody(options: SearchOptions): Failure {
  const [first = '', ...rest] = nothingFound(options)
  return new Failure(first.replace(/^scanner: /, ''), {
    exitStatus: exitStatus.nothingFound,
    advice: rest.map((line) => line.trim()).join('\n  '),
  })
}

/** More than one machine fits: installing on the wrong one wipes a disk. */
export function ambiguous(name: string, machines: readonly Machine[]): Failure {
  return new Failure(
    `'${name}' fits ${machines.length} machines\n${formatTable(machines, undefined)}`,
    {
      exitStatus: exitStatus.ambiguous,
      advice:
        'name one by the end of its MAC (at least 4 digits), by its id or by its address with zone',
    },
  )
}

/** What to look at when nothing is there: never an empty silence. `seen` are names of who is there. */
export function nothingFound(
  { name, timeoutMs, all }: SearchOptions,
  seen: readonly string[] = name === undefined ? [] : cachedNames(),
): string[] {
  const meant = name && nearest(withoutLocal(name), seen)
  const what = name ? `no installer that fits '${name}'` : 'no installer'
  return [
    `scanner: ${what} was found in ${timeoutMs / 1000} s`,
    ...(meant ? [`  did you mean ${meant}?`] : []),
    '  is it booted (a minute after power-on), and on the same cable, switch or Wi-Fi as this machine?',
    ...(all
      ? []
      : ["  'scanner find --all' lists every host on the link, 'scanner find -v' what was asked"]),
    "  'scanner doctor' says what keeps it from being found",
  ]
}
