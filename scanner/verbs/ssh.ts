import { untilInterrupted } from '../../common/cli.ts'
import {
  commonOptions,
  openConsole,
  readSearchOptions,
  searchOptions,
  usageFailure,
} from '../options.ts'
import { nameOf } from '../ssh/target.ts'
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
        .epilogue('One-letter options are those of ssh(1), and go to it.'),
    async (args) => {
      if (args.name === undefined)
        throw usageFailure('name an installer to open ssh to', "'scanner find' lists them")
      const name = nameOf(args.name)
      const options = { ...readSearchOptions(args, name), name }
      const { ssh } = await import('../commands/ssh.ts')
      finish(await ssh(options, typed, openConsole(args), untilInterrupted()))
    },
  )
