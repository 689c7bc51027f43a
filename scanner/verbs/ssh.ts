import { untilInterrupted } from '../../common/cli.ts'
import { lookAhead } from '../look-ahead.ts'
import {
  commonOptions,
  defaultWait,
  openConsole,
  readPatience,
  readSearchOptions,
  searchOptions,
  usageFailure,
} from '../options.ts'
import type { PlainVerb } from '../plain-words.ts'
import { type SshArguments, splitSshArguments } from '../ssh/arguments.ts'
import { nameOf } from '../ssh/target.ts'
import { consentOptions, readFingerprint } from './consent.ts'
import type { Verb } from './verb.ts'

/** `scanner ssh NAME [ssh options] [--] [command...]`. */
export const ssh: Verb = (cli, finish, typed) =>
  cli.command(
    'ssh [name]',
    'open ssh to an installer: scanner ssh NAME [ssh options] [--] [command...]',
    (command) =>
      searchOptions(commonOptions(command))
        .positional('name', {
          type: 'string',
          describe: '[user@]name, id, MAC, end of a MAC, or address',
        })
        .option('wait', {
          type: 'boolean',
          default: false,
          describe: `for a machine that still boots: up to ${defaultWait}, or --timeout`,
        })
        .options(consentOptions)
        .option('print', {
          type: 'boolean',
          default: false,
          describe: 'show the command line of ssh, and run nothing',
        })
        .epilogue(
          'One-letter options are those of ssh(1), and go to it. Without an ssh program a built-in client gives a shell and commands.',
        ),
    async (args) => finish(await run(args, typed)),
  )

/** The same where none of the options is ours; undefined for any other command line. */
export function sshPlainly([verb, ...words]: readonly string[]): PlainVerb | undefined {
  const typed = splitSshArguments(verb === 'ssh' ? words : [])
  const name = typed.destination
  if (name === undefined || name.startsWith('-') || typed.own.length > 0) return undefined
  const without = { all: false, verbose: false, quiet: false, wait: false }
  return () => run({ ...without, name, print: false, acceptNewKey: false }, typed)
}

type Arguments = Parameters<typeof openConsole>[0] &
  Parameters<typeof readSearchOptions>[0] & {
    name?: string | undefined
    wait: boolean
    fingerprint?: string | undefined
    acceptNewKey: boolean
    print: boolean
  }

async function run(args: Arguments, typed: SshArguments): Promise<number> {
  if (args.name === undefined)
    throw usageFailure('name an installer to open ssh to', "'scanner find' lists them")
  const name = nameOf(args.name)
  const limit = args.wait ? undefined : args.timeout
  const options = {
    ...readSearchOptions({ ...args, timeout: limit }, name),
    name,
    print: args.print,
    pinned: readFingerprint(args.fingerprint),
    acceptNewKey: args.acceptNewKey,
    waitMs: args.wait ? readPatience(args.timeout ?? defaultWait) : undefined,
  }
  if (!args.wait) lookAhead()
  const { ssh } = await import('../commands/ssh.ts')
  return ssh(options, typed, await openConsole(args), untilInterrupted())
}
