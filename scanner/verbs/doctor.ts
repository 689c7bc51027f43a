import { untilInterrupted } from '../../common/cli.ts'
import { checkName, commonOptions, openConsole, shortForms } from '../options.ts'
import { withoutAliasSuffix } from '../ssh/alias.ts'
import type { Verb } from './verb.ts'

/** `scanner doctor [NAME]`. */
export const doctor: Verb = (cli, finish) =>
  cli.command(
    'doctor [name]',
    'say why nothing is found, or ssh fails: from the card up to the login, one line each',
    (command) =>
      commonOptions(command)
        .alias({ i: shortForms.i, v: shortForms.v, q: shortForms.q })
        .positional('name', {
          type: 'string',
          describe: 'the installer that is missed: name, id, MAC, end of a MAC, or address',
        })
        .option('interface', {
          type: 'string',
          requiresArg: true,
          describe: 'look at these interfaces only (repeatable; * and ?)',
        })
        .option('json', { type: 'boolean', default: false, describe: 'one JSON document' })
        .epilogue(
          'Status 0: nothing failed. 1: something did; the end of its line is a command that mends it.',
        ),
    async (args) => {
      const name = args.name === undefined ? undefined : withoutAliasSuffix(args.name)
      if (name !== undefined) checkName(name)
      const interfaces = [args.interface ?? []].flat()
      const { doctor } = await import('../commands/doctor.ts')
      finish(
        await doctor(
          { name, interfaces, json: args.json },
          await openConsole(args),
          untilInterrupted(),
        ),
      )
    },
  )
