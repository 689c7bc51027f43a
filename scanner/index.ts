import { deadline } from '../common/schedule.ts'
import { type Installer, type InstallerEvent, publicEvent } from './print/ndjson.ts'
import type { SearchOptions } from './search.ts'
import { type SourceName, sourceNames } from './sighting.ts'

/**
 * The library: `import { discover } from 'installer-discovery'`. It writes nothing to the console,
 * never ends the process, and loads no more than a search needs.
 */

export type { AddressKind } from '../common/address.ts'
export { Failure } from '../common/failure.ts'
export type { MachineLink } from './machine.ts'
export type { SourceName, SshEvidence } from './sighting.ts'
export type { Installer, InstallerEvent }

export interface DiscoverOptions {
  /**
   * Only installers that it means: the announced or configured name, `name.local`, an id, a MAC, the
   * end of a MAC (at least four digits), or an address with or without zone. More than one may fit:
   * which is meant is for the caller to decide, since installing on the wrong machine wipes a disk.
   */
  name?: string | undefined
  /** Only these interfaces of this machine (`*` and `?`); else all that lead to other machines. */
  interfaces?: readonly string[] | undefined
  /** Only these sources; else all. */
  sources?: readonly SourceName[] | undefined
  /** Also hosts that are not known to be installers. */
  all?: boolean | undefined
  /** Go on after the first look: tell of those who come, change and leave, until the signal is aborted. */
  watch?: boolean | undefined
  /** Bound on the whole search, in milliseconds: 4,000 for a look, none for a watch. */
  timeoutMs?: number | undefined
  /** Ends the search: the iteration is then over, without an error. */
  signal?: AbortSignal | undefined
  /** Told of what goes wrong without ending the search: a source that cannot work, a link that is gone. */
  onWarning?: ((sentence: string) => void) | undefined
}

/** As long as `scanner find` looks. */
const lookMs = 4000
/** An ssh server that is not there yet is visited again after so long at the latest. */
const sshRetryMs = 30_000

/**
 * Looks for installers on the links of this machine: the events of `scanner find --ndjson`, as they
 * happen. Everything in them was heard on the link: hints, never proof of who speaks.
 *
 * Without `watch` there is one event `found` for each installer, and the iteration ends when those
 * who are there have had the time to answer; finding none is no error. With `watch` it goes on.
 * Leaving the loop, or aborting the signal, ends everything that was begun.
 *
 * Throws a Failure, whose `advice` says what to do, when there is no link to search or no interface
 * of a name; a TypeError for options of the wrong form. A watch waits for links instead.
 */
export async function* discover(
  options: DiscoverOptions = {},
): AsyncGenerator<InstallerEvent, void> {
  const search = readOptions(options)
  const warn = options.onWarning ?? (() => {})
  const limit = deadline(Number.POSITIVE_INFINITY, options.signal ?? new AbortController().signal)
  try {
    yield* options.watch ? watch(search, warn, limit.signal) : look(search, warn, limit.signal)
  } finally {
    limit.clear()
  }
}

async function* watch(
  options: SearchOptions,
  warn: (sentence: string) => void,
  signal: AbortSignal,
): AsyncGenerator<InstallerEvent, void> {
  const { follow } = await import('./watch/follow.ts')
  for await (const { events } of follow({ ...options, sshRetryMs }, warn, signal))
    for (const event of events) yield publicEvent(event, new Date())
}

async function* look(
  options: SearchOptions,
  warn: (sentence: string) => void,
  signal: AbortSignal,
): AsyncGenerator<InstallerEvent, void> {
  const { search } = await import('./search.ts')
  if (signal.aborted) return
  const { machines, warnings } = await search(options, signal, silentLog)
  for (const warning of warnings) warn(warning)
  for (const machine of machines) {
    if (signal.aborted) return
    yield publicEvent({ event: 'found', machine }, new Date())
  }
}

const silentLog = { error() {}, warn() {}, info() {}, debug() {} }

function readOptions(options: DiscoverOptions): SearchOptions {
  const { name, interfaces = [], sources = sourceNames, all = false, watch = false } = options
  const { timeoutMs = watch ? Number.POSITIVE_INFINITY : lookMs } = options
  const unknown = sources.find((each) => !sourceNames.includes(each))
  if (unknown !== undefined)
    throw new TypeError(`expected sources among ${sourceNames.join(', ')}, got '${unknown}'`)
  if (name === '')
    throw new TypeError('expected a name, or undefined for every installer, got an empty one')
  if (!(timeoutMs > 0))
    throw new TypeError(
      `expected timeoutMs to be a positive number of milliseconds, got ${timeoutMs}`,
    )
  return { name, interfaces: [...interfaces], sources: [...sources], timeoutMs, all }
}
