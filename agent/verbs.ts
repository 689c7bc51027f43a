import type { Argv, Options } from 'yargs'
import { type Arguments, checkOptions, wrongUsage } from './option-checks.ts'
import { runOptions, sharedOptions } from './option-table.ts'
import { unitFileNames } from './unit/names.ts'

/** The verbs, their options and help, added to yargs, or to whatever else reads them; `run` is the caller's. */
export function describe(cli: Argv, run: (args: Arguments) => Promise<void>): Argv {
  return cli
    .scriptName('installer-agent')
    .usage('$0 [run]\n\nAnnounces this live installer on every link and keeps its addresses there.')
    .command(['run', '$0'], 'run until SIGTERM', withOptions, run)
    .command(
      'status',
      'what the running agent holds: addresses, names, conflicts, trouble',
      (command) =>
        withHiddenRunOptions(command)
          .usage('$0 status [--json]\n\nAsks the running agent what it holds on each link.')
          .option('json', { type: 'boolean', describe: 'print one JSON document' }),
      async (args) => {
        const { printStatus } = await import('./console/print-status.ts')
        await printStatus(checkOptions(args), args.json ?? false)
      },
    )
    .command(
      'issue',
      "the console's banner: how to get in, fingerprints, QR code",
      (command) =>
        withHiddenRunOptions(command).usage(
          '$0 issue\n\nPrints how to reach this machine and what to compare: names, addresses, host key\n' +
            'fingerprints, and a QR code with an ssh:// URI and the first fingerprint. No secrets.',
        ),
      async (args) => {
        const { printIssue } = await import('./console/print-issue.ts')
        await printIssue(checkOptions(args))
      },
    )
    .command(
      'unit [file]',
      'prints the systemd unit for this installation, where no NixOS module makes it',
      (command) =>
        withHidden(command, { ...sharedOptions, ...runOptions })
          .usage(
            '$0 unit [FILE]\n\nPrints a unit file for systemd with the paths of this installation ' +
              '(docs/other-distributions.md).',
          )
          .positional('file', {
            choices: unitFileNames,
            default: 'installer-agent.service' as const,
          })
          .option('systemd', {
            type: 'number',
            requiresArg: true,
            describe: 'version of systemd that it is for; without it, the one of this machine',
          }),
      async (args) => {
        if (args.systemd !== undefined && !Number.isInteger(args.systemd))
          throw wrongUsage('expected a version number after --systemd', 'for example --systemd 257')
        const { printUnit } = await import('./console/print-unit.ts')
        await printUnit(args.file, args.systemd)
      },
    )
}

function withOptions(command: Argv) {
  return command.options({ ...sharedOptions, ...runOptions })
}

function withHiddenRunOptions(command: Argv) {
  return withHidden(command, runOptions)
}

/** Known, for the file and the environment may have them, but not shown. */
function withHidden(command: Argv, hidden: Record<string, Options>) {
  const all = withOptions(command)
  for (const name of Object.keys(hidden)) all.hide(name)
  return all
}
