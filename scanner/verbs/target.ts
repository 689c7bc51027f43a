import { untilInterrupted } from '../../common/cli.ts'
import { lookAhead } from '../look-ahead.ts'
import {
  commonOptions,
  openConsole,
  readSearchOptions,
  searchOptions,
  shortForms,
  usageFailure,
} from '../options.ts'
import { withoutAliasSuffix } from '../ssh/alias.ts'
import { tools } from '../ssh/tools.ts'
import type { Verb } from './verb.ts'

/** `scanner target NAME [--for TOOL]`. */
export const target: Verb = (cli, finish) =>
  cli.command(
    'target [name]',
    'print the address of an installer in the form that a tool takes',
    (command) =>
      searchOptions(commonOptions(command))
        .alias(shortForms)
        .positional('name', {
          type: 'string',
          describe: 'name, id, MAC, end of a MAC, or address',
        })
        .option('for', {
          choices: tools,
          requiresArg: true,
          describe: 'the tool; without it the plain address',
        }),
    async (args) => {
      if (args.name === undefined)
        throw usageFailure(
          'name the installer whose address is wanted',
          "'scanner find' lists them",
        )
      const name = withoutAliasSuffix(args.name)
      const options = { ...readSearchOptions(args, name), name }
      lookAhead()
      const { target } = await import('../commands/target.ts')
      finish(await target(options, args.for, await openConsole(args), untilInterrupted()))
    },
  )
