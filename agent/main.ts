#!/usr/bin/env node
import yargs, { type Argv, type Options } from 'yargs'
import { runProgram, untilInterrupted } from '../common/cli.ts'
import { defaultHostname, exitStatus, staticLinkLocal, version } from '../common/contract.ts'
import { createLog, type Log, type LogLevel, logLevels } from '../common/log.ts'
import { readConfig } from './config-file.ts'
import { defaultStatusSocket } from './console/status-socket.ts'
import { runDaemon } from './daemon.ts'
import { checkOptions, defaultCertificates, wrongUsage } from './option-checks.ts'
import { journalLog } from './systemd/journal.ts'
import { passedSockets } from './systemd/passed-sockets.ts'
import { serviceManager } from './systemd/service-manager.ts'
import { unitFileNames } from './unit/names.ts'

/** Options of every verb. */
const sharedOptions = {
  hostname: {
    type: 'string',
    default: defaultHostname,
    describe: 'host name to announce, as NAME.local',
  },
  user: { type: 'string', default: 'nixos', describe: 'login name to announce' },
  'ssh-port': { type: 'number', default: 22, describe: 'port of sshd' },
  interface: {
    type: 'string',
    requiresArg: true,
    describe: 'only links that match this pattern (repeatable; * and ?)',
  },
  'host-keys': {
    type: 'string',
    default: '/etc/ssh',
    describe: 'folder with ssh_host_*_key.pub, whose fingerprints are announced',
  },
  'status-socket': {
    type: 'string',
    default: defaultStatusSocket,
    requiresArg: true,
    describe: 'Unix socket on which the running agent tells its status, or none',
  },
  config: {
    type: 'string',
    requiresArg: true,
    describe: 'JSON file with any of these options',
  },
} as const satisfies Record<string, Options>

/** Options that only `run` heeds; the file and the environment may have them for the others, too. */
const runOptions = {
  'ca-key': {
    type: 'string',
    default: 'none',
    requiresArg: true,
    describe: 'private key of a certificate authority (scanner trust ca) that signs the host keys',
  },
  certificates: {
    type: 'string',
    default: defaultCertificates,
    requiresArg: true,
    describe: 'folder for the certificates, for HostCertificate in sshd_config',
  },
  'static-address': {
    type: 'string',
    default: staticLinkLocal,
    describe: 'well-known link-local address to hold, or none',
  },
  'no-addresses': { type: 'boolean', describe: 'add no addresses' },
  'no-mdns': { type: 'boolean', describe: 'announce nothing' },
  flake: { type: 'string', describe: 'path on this machine of the baked flake' },
  'issue-file': {
    type: 'string',
    default: 'none',
    requiresArg: true,
    describe: "file to keep the console's banner in, for a link in /etc/issue.d, or none",
  },
  'log-level': { choices: logLevels, default: 'info' },
} as const satisfies Record<string, Options>

/**
 * Reads the command line, INSTALLER_AGENT_* and the JSON file, in this order of weight. The verbs that
 * end at once load what they need; `run` has all of its own loaded before yargs is at work, which
 * leaves the process 3 MB smaller for as long as it runs.
 */
async function main(argv: string[]): Promise<number> {
  await yargs(argv)
    .scriptName('installer-agent')
    .usage('$0 [run]\n\nAnnounces this live installer on every link and keeps its addresses there.')
    .command(['run', '$0'], 'run until SIGTERM', withOptions, async (args) => {
      const options = checkOptions(args)
      const sockets = passedSockets()
      const log = openLog(sockets.get('journal'), options.logLevel)
      const manager = serviceManager(sockets.get('notify'), log)
      await runDaemon(options, log, manager, untilInterrupted())
    })
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
    .config(readConfig(argv))
    .env('INSTALLER_AGENT')
    .parserConfiguration({ 'boolean-negation': false })
    .version(version)
    .strict()
    .fail((message, error) => {
      // yargs gives an error of its own for some wrong command lines, and ours as it is for others.
      if (error && error.name !== 'YError') throw error
      throw wrongUsage(message, "see 'installer-agent --help'")
    })
    .parseAsync()
  return exitStatus.done
}

function openLog(journal: number | undefined, level: LogLevel): Log {
  const name = 'installer-agent'
  return journal === undefined ? createLog(name, level) : journalLog(journal, name, level)
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

await runProgram('installer-agent', () => main(process.argv.slice(2)))
