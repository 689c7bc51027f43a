import { untilInterrupted } from '../../common/cli.ts'
import {
  commonOptions,
  defaultWait,
  openConsole,
  readFindLimit,
  readFindMode,
  readSearchOptions,
  searchOptions,
  shortForms,
} from '../options.ts'
import { type PlainVerb, readPlainly } from '../plain-words.ts'
import { type SourceName, sourceNames } from '../sighting.ts'
import { findOptions } from './find-options.ts'
import type { Verb } from './verb.ts'

/** `scanner find`: a look, a wait or a watch. */
export const find: Verb = (cli, finish) =>
  cli.command(
    'find [name]',
    'list the installers on the link, one row a machine',
    (command) =>
      searchOptions(commonOptions(command))
        .alias(shortForms)
        .positional('name', {
          type: 'string',
          describe: 'name, id, MAC, end of a MAC, or address',
        })
        .option('json', { type: 'boolean', default: false, describe: 'one JSON document' })
        .option('ndjson', {
          type: 'boolean',
          default: false,
          describe: 'one line of JSON for each that is found, changes or is lost',
        })
        .option('watch', {
          type: 'boolean',
          default: false,
          describe: 'a live table, until Ctrl-C; into a pipe: --ndjson',
        })
        .option('wait', {
          type: 'boolean',
          default: false,
          describe: `until they are there: up to ${defaultWait}, --timeout none for ever`,
        })
        .option('count', {
          type: 'number',
          requiresArg: true,
          describe: 'with --wait: until so many are there (1)',
        }),
    async (args) => {
      const mode = readFindMode(args)
      if (mode.kind === 'look') return finish(await look(args))
      const options = readOptions(args)
      const console_ = await openConsole(args)
      const signal = untilInterrupted()
      if (mode.kind === 'watch') {
        const { watch } = await import('../commands/watch.ts')
        finish(await watch(options, console_, signal))
      } else {
        const { findWhenThere } = await import('../commands/wait.ts')
        finish(await findWhenThere({ ...options, count: mode.count }, console_, signal))
      }
    },
  )

/** A look, for a command line in its plainest form; undefined for any other. */
export function findPlainly([verb, ...typed]: readonly string[]): PlainVerb | undefined {
  const args = verb === 'find' ? plainArguments(typed) : undefined
  return args && (() => look(args))
}

/** What yargs would read; undefined where it is to read it. */
export function plainArguments(typed: readonly string[]): Arguments | undefined {
  const read = readPlainly(typed, findOptions)
  if (read === undefined || read.words.length > 1) return undefined
  const { flags, values } = read
  const sources = values.get('source') ?? []
  const timeouts = values.get('timeout') ?? []
  if (!sources.every(isSourceName) || timeouts.length > 1) return undefined
  const is = (flag: string) => flags.has(flag)
  return {
    name: read.words[0],
    interface: values.get('interface'),
    source: sources.length > 0 ? sources : undefined,
    timeout: timeouts[0],
    all: is('all'),
    verbose: is('verbose'),
    quiet: is('quiet'),
    json: is('json'),
    ndjson: is('ndjson'),
    watch: false,
    wait: false,
  }
}

function isSourceName(word: string): word is SourceName {
  return sourceNames.some((name) => name === word)
}

type Arguments = Parameters<typeof openConsole>[0] &
  Parameters<typeof readSearchOptions>[0] &
  Parameters<typeof readFindMode>[0] & { name?: string | undefined }

function readOptions(args: Arguments) {
  const limit = readFindLimit(readFindMode(args), args.timeout)
  return { ...readSearchOptions(args, args.name, limit), json: args.json, ndjson: args.ndjson }
}

async function look(args: Arguments): Promise<number> {
  const options = readOptions(args)
  const { find } = await import('../commands/find.ts')
  return find(options, await openConsole(args), untilInterrupted())
}
