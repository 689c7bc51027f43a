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
      const options = {
        ...readSearchOptions(args, args.name, readFindLimit(mode, args.timeout)),
        json: args.json,
        ndjson: args.ndjson,
      }
      const console_ = openConsole(args)
      const signal = untilInterrupted()
      if (mode.kind === 'watch') {
        const { watch } = await import('../commands/watch.ts')
        finish(await watch(options, console_, signal))
      } else if (mode.kind === 'wait') {
        const { findWhenThere } = await import('../commands/wait.ts')
        finish(await findWhenThere({ ...options, count: mode.count }, console_, signal))
      } else {
        const { find } = await import('../commands/find.ts')
        finish(await find(options, console_, signal))
      }
    },
  )
