#!/usr/bin/env node
import yargs from 'yargs'
import { runProgram, untilInterrupted } from '../common/cli.ts'
import { exitStatus, version } from '../common/contract.ts'
import {
  commonOptions,
  defaultWait,
  openConsole,
  readFindLimit,
  readFindMode,
  readPatience,
  readSearchOptions,
  searchOptions,
  shortForms,
  usageFailure,
} from './options.ts'
import { splitSshArguments } from './ssh/arguments.ts'
import { nameOf } from './ssh/target.ts'
import { goals } from './watch/goal.ts'

/**
 * Reads the command line and runs the verb; gives the exit status. Only this file knows yargs. Verbs
 * are loaded when they are called: none pays for what another needs.
 */
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
        const options = {
          ...readSearchOptions(args, args.name, readFindLimit(mode, args.timeout)),
          json: args.json,
          ndjson: args.ndjson,
        }
        const console_ = openConsole(args)
        const signal = untilInterrupted()
        if (mode.kind === 'watch') {
          const { watch } = await import('./commands/watch.ts')
          status = await watch(options, console_, signal)
        } else if (mode.kind === 'wait') {
          const { findWhenThere } = await import('./commands/wait.ts')
          status = await findWhenThere({ ...options, count: mode.count }, console_, signal)
        } else {
          const { find } = await import('./commands/find.ts')
          status = await find(options, console_, signal)
        }
      },
    )
    .command(
      'wait [name]',
      'wait until an installer is announced, answers by ssh, or is gone; for scripts',
      (command) =>
        searchOptions(commonOptions(command))
          .alias(shortForms)
          .positional('name', {
            type: 'string',
            describe: 'name, id, MAC, end of a MAC, or address',
          })
          .option('for', {
            choices: goals,
            requiresArg: true,
            demandOption: true,
            describe: `what to wait for, up to ${defaultWait}; --timeout none for ever`,
          })
          .epilogue(
            'Status 0: it is so. 3: time was up. 4: more than one fits. 6: found, but no ssh server answered.',
          ),
      async (args) => {
        const { name } = args
        if (name === undefined)
          throw usageFailure('name an installer to wait for', "'scanner find' lists them")
        const limit = readPatience(args.timeout ?? defaultWait)
        const options = { ...readSearchOptions(args, name, limit), name }
        const { wait } = await import('./commands/wait.ts')
        status = await wait(options, args.for, openConsole(args), untilInterrupted())
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
        const { ssh } = await import('./commands/ssh.ts')
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
        const { demo } = await import('./commands/demo.ts')
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
