import { untilInterrupted } from '../../common/cli.ts'
import { openConsole, usageFailure } from '../options.ts'
import { readRemoteOptions, readTarget, remoteOptions } from './remote-options.ts'
import type { Verb } from './verb.ts'

/** `scanner bootstrap NAME --root DEV [--boot DEV] [--swap DEV]`. */
export const bootstrap: Verb = (cli, finish) =>
  cli.command(
    'bootstrap [name]',
    'mount the disks of an installer for the install; without --root list them',
    (command) =>
      remoteOptions(command)
        .option('root', {
          type: 'string',
          requiresArg: true,
          describe: 'the root file system: path, LABEL=nixos, UUID=..., PARTLABEL=..., or a label',
        })
        .option('boot', {
          type: 'string',
          requiresArg: true,
          describe: 'for UEFI: the EFI system partition',
        })
        .option('swap', { type: 'string', requiresArg: true, describe: 'swap to switch on' })
        .option('target', {
          type: 'string',
          requiresArg: true,
          default: '/mnt',
          describe: 'where the new system is put together',
        })
        .epilogue(
          'Nothing is formatted or partitioned. What is mounted already is left alone, what was done is taken back when a later step fails.',
        ),
    async (args) => {
      const options = {
        ...readRemoteOptions(args, 'whose disks are to be mounted'),
        print: args.print,
      }
      const { root, boot, swap } = args
      if (root === undefined && (boot !== undefined || swap !== undefined))
        throw usageFailure('--boot and --swap need --root', 'for example: --root LABEL=nixos')
      const target = readTarget(args.target)
      const wish = root === undefined ? undefined : { root, boot, swap, target }
      const { bootstrap } = await import('../commands/bootstrap.ts')
      finish(await bootstrap(options, wish, await openConsole(args), untilInterrupted()))
    },
  )
