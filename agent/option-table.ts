import type { Options } from 'yargs'
import { defaultHostname, staticLinkLocal } from '../common/contract.ts'
import { logLevels } from '../common/log.ts'
import { defaultStatusSocket } from './console/status-socket.ts'
import { defaultCertificates } from './option-checks.ts'

/** Options of every verb. */
export const sharedOptions = {
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
export const runOptions = {
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

/** As the environment has them: INSTALLER_AGENT_SSH_PORT. */
export const environmentPrefix = 'INSTALLER_AGENT'
