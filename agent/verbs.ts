import type { Argv, Options } from 'yargs'
import { untilInterrupted } from '../common/cli.ts'
import { defaultHostname, staticLinkLocal } from '../common/contract.ts'
import { createLog, logLevels } from '../common/log.ts'
import { defaultStatusSocket } from './console/status-socket.ts'
import { runDaemon } from './daemon.ts'
import { checkOptions, defaultCertificates } from './option-checks.ts'

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

/** The verbs, their options and help, added to yargs. */
export function describe(cli: Argv): Argv {
  return cli
    .scriptName('installer-agent')
    .usage('$0 [run]\n\nAnnounces this live installer on every link and keeps its addresses there.')
    .command(['run', '$0'], 'run until SIGTERM', withOptions, async (args) => {
      const options = checkOptions(args)
      await runDaemon(options, createLog('installer-agent', options.logLevel), untilInterrupted())
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
}

function withOptions(command: Argv) {
  return command.options({ ...sharedOptions, ...runOptions })
}

function withHiddenRunOptions(command: Argv) {
  const all = withOptions(command)
  for (const name of Object.keys(runOptions)) all.hide(name)
  return all
}
