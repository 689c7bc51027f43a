import type { Argv } from 'yargs'
import { runProgram } from '../common/cli.ts'
import { exitStatus, version } from '../common/contract.ts'
import { type Ahead, takeOver } from './look-ahead.ts'
import { usageFailure } from './options.ts'
import { splitSshArguments } from './ssh/arguments.ts'
import { completePlainly } from './verbs/complete.ts'
import { describe as describeVerbs } from './verbs/list.ts'
import { scannerWords } from './words/definitions.ts'
import { explainUsage } from './words/explain-usage.ts'

/** Reads a command line of any form and runs the verb; `ahead` is what the entry has asked for. */
export function run(argv: readonly string[], ahead: Ahead | undefined): Promise<never> {
  if (ahead) takeOver(ahead)
  return runProgram('scanner', completePlainly(argv) ?? (() => parse(argv)))
}

async function parse(argv: readonly string[]): Promise<number> {
  const [verb, ...words] = argv
  // What follows `ssh` is OpenSSH's own grammar; yargs sees only the long options, which are ours.
  const typed = splitSshArguments(verb === 'ssh' ? words : [])
  const destination = typed.destination === undefined ? [] : [typed.destination]
  let status: number = exitStatus.done
  const cli = await describe(typed, (with_) => {
    status = with_
  })
  await cli
    .fail((message, error) => {
      // yargs gives an error of its own for some wrong command lines, and ours as it is for others.
      if (error && error.name !== 'YError') throw error
      const { message: wrong, advice } = explainUsage(message, argv, scannerWords())
      throw usageFailure(wrong, advice)
    })
    .parseAsync(verb === 'ssh' ? ['ssh', ...destination, ...typed.own] : argv)
  return status
}

/** What `--help` after these words says on a terminal of the usual width. */
export async function helpAfter(words: readonly string[]): Promise<string> {
  let help = ''
  const cli = await describe(splitSshArguments([]), () => {})
  cli.wrap(helpColumns)
  await cli.parseAsync([...words, '--help'], {}, (_error, _argv, output) => {
    help = output
  })
  return help
}

/** yargs makes no line longer, however wide the terminal is. */
const helpColumns = 80

async function describe(
  typed: ReturnType<typeof splitSshArguments>,
  finish: (status: number) => void,
): Promise<Argv> {
  const { default: yargs } = await import('yargs')
  const cli = yargs()
    .scriptName('scanner')
    // Our own words are English: those of yargs, between them, in another language help nobody.
    .locale('en')

  return describeVerbs(cli, finish, typed)
    .demandCommand(1, "say what to do: 'scanner find' lists the installers on the link")
    .recommendCommands()
    .version(version)
    .strict()
}
