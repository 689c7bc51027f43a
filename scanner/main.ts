#!/usr/bin/env node
import yargs from 'yargs'
import { runProgram, untilInterrupted } from '../common/cli.ts'
import { exitStatus, version } from '../common/contract.ts'
import { demo } from './commands/demo.ts'
import { find } from './commands/find.ts'
import { ssh } from './commands/ssh.ts'
import {
  commonOptions,
  openConsole,
  readSearchOptions,
  searchOptions,
  shortForms,
  usageFailure,
} from './options.ts'
import { splitSshArguments } from './ssh/arguments.ts'
import { nameOf } from './ssh/target.ts'

/** Reads the command line and runs the verb; gives the exit status. Only this file knows yargs. */
async function main(argv: string[]): Promise<number> {
  const [verb, ...words] = argv
  // What follows `ssh` is OpenSSH's own grammar; yargs sees only the long options, which are ours.
  const typed = splitSshArguments(verb === 'ssh' ? words : [])
  const destination = typed.destination === undefined ? [] : [typed.destination]
  let status: number = exitStatus.done
  await yargs(verb === 'ssh' ? ['ssh', ...destination, ...typed.own] : argv)
    .scriptName('scanner')
    .usage(
      '$0 VERB\n\nFinds machines booted from a live ISO on the links of this one, and opens a shell on them.',
    )
    .command(
      'find [name]',
      'list the installers on the link, one row a machine',
      (command) =>
        searchOptions(commonOptions(command))
          .alias(shortForms)
          .positional('name', {
            type: 'string',
            describe: 'name, id, MAC, end of a MAC, or address',
          })
          .option('json', { type: 'boolean', default: false, describe: 'one JSON document' }),
      async (args) => {
        const options = { ...readSearchOptions(args, args.name), json: args.json }
        status = await find(options, openConsole(args), untilInterrupted())
      },
    )
    .command(
      'ssh [name]',
      'open ssh to an installer: scanner ssh NAME [ssh options] [--] [command...]',
      (command) =>
        searchOptions(commonOptions(command))
          .positional('name', {
            type: 'string',
            describe: '[user@]name, id, MAC, end of a MAC, or address',
          })
          .epilogue('One-letter options are those of ssh(1), and go to it.'),
      async (args) => {
        if (args.name === undefined)
          throw usageFailure('name an installer to open ssh to', "'scanner find' lists them")
        const options = readSearchOptions(args, nameOf(args.name))
        status = await ssh(options, typed, openConsole(args), untilInterrupted())
      },
    )
    .command(
      'demo',
      'make a virtual link with a live installer on it, and find and enter it',
      (command) =>
        command.option('shell', {
          type: 'boolean',
          default: false,
          describe: 'also open an interactive shell on it',
        }),
      async (args) => {
        status = await demo(args.shell, untilInterrupted())
      },
    )
    .demandCommand(1, "say what to do: 'scanner find' lists the installers on the link")
    .recommendCommands()
    .version(version)
    .strict()
    .fail((message, error) => {
      // yargs gives an error of its own for some wrong command lines, and ours as it is for others.
      if (error && error.name !== 'YError') throw error
      throw usageFailure(message)
    })
    .parseAsync()
  return status
}

await runProgram('scanner', () => main(process.argv.slice(2)))
