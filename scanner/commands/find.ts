import { exitStatus } from '../../common/contract.ts'
import { nothingFound } from '../locate.ts'
import { lookAhead, takeRows } from '../look-ahead.ts'
import type { Machine } from '../machine.ts'
import { explainLeftOut } from '../operator-links.ts'
import type { Console } from '../options.ts'
import { formatJson } from '../print/json.ts'
import { formatEvent, publicEvent } from '../print/ndjson.ts'
import { formatTable } from '../print/table.ts'
import { formatSoFar } from '../print/watch.ts'
import { type SearchOptions, type Seen, search } from '../search.ts'
import { sourceNames } from '../sighting.ts'
import type { MachineEvent } from '../watch/events.ts'
import { InPlace, isScreen } from '../watch/in-place.ts'
import { Told } from '../watch/told.ts'
import { rememberNames } from '../words/names-cache.ts'

/** `scanner find [NAME]`: one row a machine on stdout; status 3 when there is none. */
export async function find(
  options: SearchOptions & { json: boolean; ndjson: boolean },
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  lookAhead()
  const live = takeRows() ?? (isLive(options, console_) ? new InPlace(process.stdout) : undefined)
  await tellLeftOut(options, console_)
  // The table shows no host keys; machines that announce an identity need none to be told apart.
  const wanted: SearchOptions = {
    ...options,
    keysOf: options.json || options.ndjson ? 'everybody' : 'strangers',
  }
  const told = new Told((machine) => isComplete(machine, options))
  const seen = seenBy(options, live, told)
  const looking = search(wanted, signal, console_.log, seen).finally(() => live?.close())
  const { machines, installers, warnings } = await looking
  rememberNames(installers, isWhole(options, signal))
  if (options.json) process.stdout.write(formatJson(machines, warnings))
  if (options.ndjson) printEvents(told.rest(machines))
  for (const warning of warnings) console_.warn(warning)
  if (machines.length === 0) {
    for (const line of nothingFound(options)) console_.say(line)
    return exitStatus.nothingFound
  }
  if (!options.json && !options.ndjson)
    process.stdout.write(formatTable(machines, process.stdout.columns))
  return exitStatus.done
}

/** Whether whoever is there would have been found. */
function isWhole({ interfaces, sources }: SearchOptions, signal: AbortSignal): boolean {
  return interfaces.length === 0 && sources.length === sourceNames.length && !signal.aborted
}

/** Rows as they come are for a person at a terminal, between whose lines nothing else is written. */
function isLive({ json, ndjson }: { json: boolean; ndjson: boolean }, { logs }: Console): boolean {
  return isScreen(process.stdout) && !json && !ndjson && !logs
}

/** What is done with that which is known before the end; undefined when nothing is. */
function seenBy(
  { ndjson }: { ndjson: boolean },
  live: InPlace | undefined,
  told: Told,
): Seen | undefined {
  if (live) return (machines) => showSoFar(live, machines)
  if (!ndjson) return undefined
  return (machines, settled) => settled && printEvents(told.soFar(machines))
}

function showSoFar(live: InPlace, machines: readonly Machine[]): void {
  if (machines.length > 0) live.show(formatSoFar(machines, live.size))
}

/** Whether its ssh server has been visited, if that is wanted. */
function isComplete(machine: Machine, { sources }: SearchOptions): boolean {
  return !sources.includes('ssh') || machine.sources.includes('ssh')
}

function printEvents(events: readonly MachineEvent[]): void {
  for (const event of events) process.stdout.write(formatEvent(publicEvent(event, new Date())))
}

/** With `--verbose`: which links are not searched, and why. */
export async function tellLeftOut(
  { interfaces }: Pick<SearchOptions, 'interfaces'>,
  console_: Console,
): Promise<void> {
  if (!console_.verbose || interfaces.length > 0) return
  for (const line of await explainLeftOut(console_.warn)) console_.say(`scanner: ${line}`)
}
