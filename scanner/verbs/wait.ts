import { untilInterrupted } from '../../common/cli.ts'
import {
  commonOptions,
  defaultWait,
  openConsole,
  readPatience,
  readSearchOptions,
  searchOptions,
  shortForms,
  usageFailure,
} from '../options.ts'
import { goals } from '../watch/goal.ts'
import type { Verb } from './verb.ts'

/** `scanner wait NAME --for GOAL`. */
export const wait: Verb = (cli, finish) =>
  cli.command(
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
      const { wait } = await import('../commands/wait.ts')
      finish(await wait(options, args.for, await openConsole(args), untilInterrupted()))
    },
  )
