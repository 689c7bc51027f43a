import { commonOptions, openConsole, shortForms, usageFailure } from '../options.ts'
import type { Verb } from './verb.ts'

/** `scanner ssh-config [--install | --uninstall]`. */
export const sshConfig: Verb = (cli, finish) =>
  cli.command(
    'ssh-config',
    'print the block of ssh_config by which every tool reaches NAME.installer',
    (command) =>
      commonOptions(command)
        .alias({ v: shortForms.v, q: shortForms.q })
        .option('install', {
          type: 'boolean',
          default: false,
          describe: 'write it to a file of ours, and one Include line into ~/.ssh/config',
        })
        .option('uninstall', {
          type: 'boolean',
          default: false,
          describe: 'take both away again',
        }),
    async (args) => {
      if (args.install && args.uninstall)
        throw usageFailure('--install and --uninstall do not go together')
      const mode = args.install ? 'install' : args.uninstall ? 'uninstall' : 'print'
      const { sshConfig } = await import('../commands/ssh-config.ts')
      finish(await sshConfig(mode, process.argv[1] ?? '', await openConsole(args)))
    },
  )
