import { untilInterrupted } from '../../common/cli.ts'
import type { Verb } from './verb.ts'

/** `scanner demo`: what `npm start` runs. */
export const demo: Verb = (cli, finish) =>
  cli.command(
    'demo',
    'make a virtual link with a live installer on it, and find and enter it',
    (command) =>
      command.option('shell', {
        type: 'boolean',
        default: false,
        describe: 'also open an interactive shell on it',
      }),
    async (args) => {
      const { demo } = await import('../commands/demo.ts')
      finish(await demo(args.shell, untilInterrupted()))
    },
  )
