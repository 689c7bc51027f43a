import { untilInterrupted } from '../../common/cli.ts'
import { parseDuration } from '../../common/schedule.ts'
import { installers } from '../install/with-tool.ts'
import { openConsole, usageFailure } from '../options.ts'
import { shellWords } from '../remote/shell-words.ts'
import { readRemoteOptions, readTarget, remoteOptions } from './remote-options.ts'
import type { Verb } from './verb.ts'

/** `scanner install NAME [--flake REF] [--host NAME] [-- options]`. */
export const install: Verb = (cli, finish) =>
  cli.command(
    'install [name]',
    'install NixOS on an installer, or join the install there',
    (command) =>
      remoteOptions(command)
        // Not to be mistaken for words of ours: they are for the program that installs.
        .parserConfiguration({ 'populate--': true })
        .option('flake', {
          type: 'string',
          requiresArg: true,
          describe: 'the flake to install; the one baked into the ISO unless said otherwise',
        })
        .option('host', {
          type: 'string',
          requiresArg: true,
          describe: 'its host to install; the one that the machine is named for',
        })
        .option('target', {
          type: 'string',
          requiresArg: true,
          default: '/mnt',
          describe: 'where the disks are mounted',
        })
        .option('command', {
          type: 'string',
          requiresArg: true,
          describe: "another command, run there by a shell in the flake's folder",
        })
        .option('with', {
          choices: installers,
          requiresArg: true,
          describe: 'install from here, by this program',
        })
        .option('yes', { type: 'boolean', default: false, describe: 'do not ask' })
        .option('stop', { type: 'boolean', default: false, describe: 'end the install there' })
        .option('heartbeat', {
          type: 'string',
          requiresArg: true,
          default: '30s',
          describe: 'how often a silence is spoken of; none',
        })
        .example(
          "$0 install NixOS --command 'nix develop -c flk install NixOS --impure'",
          'by the flk of the flake itself',
        )
        .epilogue(
          'It runs there on its own: Ctrl-C and a lost link leave it, and the same command joins it again. Its exit status is passed through. What follows -- goes to nixos-install.',
        ),
    async (args) => {
      const remote = readRemoteOptions(args, 'to install on')
      const more = Array.isArray(args['--']) ? args['--'].map(String) : []
      const refuse = (pair: string, advice: string) => {
        throw usageFailure(`${pair} do not go together`, advice)
      }
      if (args.command !== undefined && (args.with || args.host !== undefined || more.length > 0))
        refuse('--command and --with, --host or --', 'a command says all that itself')
      if (args.flake?.includes('#') && args.host !== undefined)
        refuse(`--flake ${args.flake} and --host`, 'the host is what follows the #')
      if (more.includes('--root')) refuse('-- --root and install', 'say it by --target')
      const options = {
        ...remote,
        wish: {
          flake: args.flake,
          host: args.host,
          command: args.command,
          target: readTarget(args.target),
          more,
        },
        tool: args.with,
        print: args.print,
        yes: args.yes,
        stop: args.stop,
        heartbeatMs: readHeartbeat(args.heartbeat),
        again: shellWords(['scanner', ...process.argv.slice(2)]),
      }
      const { install } = await import('../commands/install.ts')
      finish(await install(options, await openConsole(args), untilInterrupted()))
    },
  )

/** In milliseconds; Infinity for none. */
function readHeartbeat(text: string): number {
  const everyMs = text === 'none' ? Number.POSITIVE_INFINITY : parseDuration(text)
  if (everyMs) return everyMs
  throw usageFailure(`expected a duration, got '--heartbeat ${text}'`, 'for example 30s, or none')
}
