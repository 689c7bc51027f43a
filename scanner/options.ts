import type { Argv } from 'yargs'
import { exitStatus } from '../common/contract.ts'
import { Failure } from '../common/failure.ts'
import { createLog, type Log, logLevels } from '../common/log.ts'
import { printable, printableWord } from '../common/printable.ts'
import { parseDuration } from '../common/schedule.ts'
import type { SearchOptions } from './search.ts'
import { type SourceName, sourceNames } from './sighting.ts'

/** A wrong command line: exit status 2, with what to type instead. */
export function usageFailure(message: string, advice = "see 'scanner --help'"): Failure {
  return new Failure(message, { exitStatus: exitStatus.usage, advice })
}

/** One-letter forms, for every verb but `ssh`, where they are OpenSSH's. */
export const shortForms = { i: 'interface', a: 'all', v: 'verbose', q: 'quiet' }

/** The options of every verb that looks for machines. */
export function searchOptions<T>(command: Argv<T>) {
  return command
    .option('interface', {
      type: 'string',
      requiresArg: true,
      describe: 'search only these interfaces (repeatable; * and ?)',
    })
    .option('source', {
      choices: sourceNames,
      requiresArg: true,
      describe: 'use only these sources (repeatable)',
    })
    .option('timeout', {
      type: 'string',
      requiresArg: true,
      describe: `give up after this long (500ms, 4s, 10m); ${defaultTimeout} unless said otherwise`,
    })
    .option('all', {
      type: 'boolean',
      default: false,
      describe: 'also hosts that are not known to be installers',
    })
}

/** How long a look takes at most: a card behind a busy switch answers within it. */
const defaultTimeout = '4s'
/** How long a script waits: a machine boots from a slow stick in some minutes, after somebody has gone to it. */
export const defaultWait = '10m'

interface SearchArguments {
  interface?: string | string[] | undefined
  source?: SourceName | SourceName[] | undefined
  timeout?: string | undefined
  all: boolean
}

/** What a search is told; throws a Failure for a wrong word. */
export function readSearchOptions(
  args: SearchArguments,
  name: string | undefined,
  timeoutMs = readLimit(args.timeout ?? defaultTimeout),
): SearchOptions {
  if (name !== undefined) checkName(name)
  const sources = [args.source ?? [...sourceNames]].flat()
  return { name, interfaces: [args.interface ?? []].flat(), sources, timeoutMs, all: args.all }
}

/** RFC 1035 section 2.3.4: no host name is longer, and neither is an address or an id. */
const maxNameCharacters = 255

/** Throws a Failure for a NAME that no machine can have. */
export function checkName(name: string): void {
  const advice = "'scanner find' lists what is there"
  if (name === '') throw usageFailure('the name is empty', advice)
  if (name.length > maxNameCharacters)
    throw usageFailure(
      `expected a name of at most ${maxNameCharacters} characters, got ${name.length}`,
      advice,
    )
  const shown = printableWord(name)
  if (shown !== name)
    throw usageFailure(`expected a name of printable characters, got '${shown}'`, advice)
}

function readLimit(text: string): number {
  const milliseconds = parseDuration(text)
  if (milliseconds) return milliseconds
  throw usageFailure(`expected a duration, got '--timeout ${text}'`, 'for example 500ms, 4s or 10m')
}

/** The time that a wait or a watch may take, in milliseconds: `none` and 0 are Infinity. */
export function readPatience(text: string): number {
  const isNone = text === 'none' || parseDuration(text) === 0
  return isNone ? Number.POSITIVE_INFINITY : readLimit(text)
}

/** How `find` ends: after a look, when so many are there, or not by itself. */
export type FindMode = { kind: 'look' } | { kind: 'wait'; count: number } | { kind: 'watch' }

interface FindArguments {
  json: boolean
  ndjson: boolean
  watch: boolean
  wait: boolean
  count?: number | undefined
  timeout?: string | undefined
}

/** Throws a Failure for options that do not go together. */
export function readFindMode(args: FindArguments): FindMode {
  const refuse = (pair: string, advice: string) => {
    throw usageFailure(`${pair} do not go together`, advice)
  }
  if (args.json && args.ndjson) refuse('--json and --ndjson', '--ndjson is a line an event')
  if (args.watch && args.json)
    refuse('--watch and --json', '--watch --ndjson gives a line of JSON an event')
  if (args.watch && args.wait)
    refuse('--watch and --wait', '--wait ends when they are there, --watch does not end')
  if (args.count !== undefined && !args.wait)
    throw usageFailure('--count belongs to --wait', 'for example: scanner find --wait --count 3')
  if (args.watch) return { kind: 'watch' }
  if (!args.wait) return { kind: 'look' }
  const count = args.count ?? 1
  if (!Number.isInteger(count) || count < 1)
    throw usageFailure(`expected a number of installers, got '--count ${args.count}'`)
  return { kind: 'wait', count }
}

/** The time limit that goes with the way in which `find` ends. */
export function readFindLimit({ kind }: FindMode, timeout: string | undefined): number {
  if (kind === 'look') return readLimit(timeout ?? defaultTimeout)
  return readPatience(timeout ?? (kind === 'wait' ? defaultWait : 'none'))
}

/** The options of every verb. */
export function commonOptions<T>(command: Argv<T>) {
  return command
    .option('verbose', {
      type: 'boolean',
      default: false,
      describe: 'say what is done',
    })
    .option('quiet', { type: 'boolean', default: false, describe: 'no warnings' })
    .option('log-level', { choices: logLevels, describe: 'log to stderr, as JSON lines' })
}

interface CommonArguments {
  verbose: boolean
  quiet: boolean
  logLevel?: (typeof logLevels)[number] | undefined
}

/** What is said to people goes to stderr; stdout is for data. */
export interface Console {
  log: Log
  warn(sentence: string): void
  say(sentence: string): void
  /** Whether more is to be said than that (`--verbose`). */
  verbose: boolean
  /** Whether the log writes at any time what is done (`--log-level`, `--verbose`). */
  logs: boolean
}

export async function openConsole({ verbose, quiet, logLevel }: CommonArguments): Promise<Console> {
  const write = (line: string) => {
    if (!quiet) process.stderr.write(`${printable(line)}\n`)
  }
  const level = logLevel ?? (verbose ? 'debug' : 'silent')
  return {
    log: await createLog('scanner', level),
    logs: level !== 'silent',
    warn: (sentence) => write(`scanner: warning: ${sentence}`),
    say: write,
    verbose,
  }
}
