import type { Argv } from 'yargs'
import { exitStatus } from '../common/contract.ts'
import { Failure } from '../common/failure.ts'
import { createLog, type Log, logLevels } from '../common/log.ts'
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
      default: '4s',
      requiresArg: true,
      describe: 'give up after this long (500ms, 4s, 10m)',
    })
    .option('all', {
      type: 'boolean',
      default: false,
      describe: 'also hosts that are not known to be installers',
    })
}

interface SearchArguments {
  interface?: string | string[] | undefined
  source?: SourceName | SourceName[] | undefined
  timeout: string
  all: boolean
}

export function readSearchOptions(args: SearchArguments, name: string | undefined): SearchOptions {
  if (name === '') throw usageFailure('the name is empty', "'scanner find' lists what is there")
  const timeoutMs = parseDuration(args.timeout)
  if (!timeoutMs)
    throw usageFailure(
      `expected a duration, got '--timeout ${args.timeout}'`,
      'for example 500ms, 4s or 10m',
    )
  const sources = [args.source ?? [...sourceNames]].flat()
  return { name, interfaces: [args.interface ?? []].flat(), sources, timeoutMs, all: args.all }
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
}

export function openConsole({ verbose, quiet, logLevel }: CommonArguments): Console {
  const write = (line: string) => {
    if (!quiet) process.stderr.write(`${line}\n`)
  }
  return {
    log: createLog('scanner', logLevel ?? (verbose ? 'debug' : 'silent')),
    warn: (sentence) => write(`scanner: warning: ${sentence}`),
    say: write,
  }
}
