import { exitStatus } from '../../common/contract.ts'
import { nothingFound } from '../locate.ts'
import { explainLeftOut } from '../operator-links.ts'
import type { Console } from '../options.ts'
import { formatJson } from '../print/json.ts'
import { formatEvent, publicEvent } from '../print/ndjson.ts'
import { formatTable } from '../print/table.ts'
import { type SearchOptions, search } from '../search.ts'

/** `scanner find [NAME]`: one row a machine on stdout; status 3 when there is none. */
export async function find(
  options: SearchOptions & { json: boolean; ndjson: boolean },
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  await tellLeftOut(options, console_)
  // The table shows no host keys; machines that announce an identity need none to be told apart.
  const wanted: SearchOptions = {
    ...options,
    keysOf: options.json || options.ndjson ? 'everybody' : 'strangers',
  }
  const { machines, warnings } = await search(wanted, signal, console_.log)
  if (options.json) process.stdout.write(formatJson(machines, warnings))
  if (options.ndjson)
    for (const machine of machines)
      process.stdout.write(formatEvent(publicEvent({ event: 'found', machine }, new Date())))
  for (const warning of warnings) console_.warn(warning)
  if (machines.length === 0) {
    for (const line of nothingFound(options)) console_.say(line)
    return exitStatus.nothingFound
  }
  if (!options.json && !options.ndjson)
    process.stdout.write(formatTable(machines, process.stdout.columns))
  return exitStatus.done
}

/** With `--verbose`: which links are not searched, and why. */
export async function tellLeftOut(
  { interfaces }: Pick<SearchOptions, 'interfaces'>,
  console_: Console,
): Promise<void> {
  if (!console_.verbose || interfaces.length > 0) return
  for (const line of await explainLeftOut(console_.warn)) console_.say(`scanner: ${line}`)
}
