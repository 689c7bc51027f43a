import type { Argv } from 'yargs'
import { commonOptions, openConsole } from '../options.ts'
import type { Verb } from './verb.ts'

/** `scanner trust`: whom this operator trusts. */
export const trust: Verb = (cli, finish) =>
  cli.command('trust', 'whom to trust: certificate authorities of installers', (command) =>
    authority(command, finish).demandCommand(1, "say what to do: 'scanner trust ca show'"),
  )

function authority(cli: Argv, finish: (status: number) => void) {
  return cli.command('ca', 'the certificate authority whose key is on the ISO', (command) =>
    commonOptions(command)
      .command(
        'init',
        'make one and trust it here; prints its public half',
        (init) =>
          init.option('folder', {
            type: 'string',
            requiresArg: true,
            describe: "where its key pair is made; unless said otherwise the scanner's own folder",
          }),
        async (args) => {
          const { defaultFolder, init } = await import('../commands/trust-ca.ts')
          finish(await init(args.folder ?? defaultFolder(), openConsole(args)))
        },
      )
      .command(
        'show',
        'print those that are trusted, and their fingerprints',
        (show) => show,
        async (args) => {
          const { show } = await import('../commands/trust-ca.ts')
          finish(await show(openConsole(args)))
        },
      )
      .command(
        'add <file>',
        'trust one that was made elsewhere',
        (add) =>
          add.positional('file', {
            type: 'string',
            demandOption: true,
            describe: 'its public half, FILE.pub',
          }),
        async (args) => {
          const { add } = await import('../commands/trust-ca.ts')
          finish(await add(args.file, openConsole(args)))
        },
      )
      .command(
        'remove [fingerprint]',
        'trust one no longer; its key pair stays',
        (remove) =>
          remove.positional('fingerprint', {
            type: 'string',
            describe: 'SHA256:..., when several are trusted',
          }),
        async (args) => {
          const { remove } = await import('../commands/trust-ca.ts')
          finish(await remove(args.fingerprint, openConsole(args)))
        },
      )
      .demandCommand(1, "say what to do: 'scanner trust ca show'"),
  )
}
