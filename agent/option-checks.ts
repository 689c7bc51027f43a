import { isLinkLocal6, normalizeAddress } from '../common/address.ts'
import { hostLabel, userName } from '../common/advertisement.ts'
import { exitStatus, staticLinkLocal } from '../common/contract.ts'
import { Failure } from '../common/failure.ts'
import type { RunOptions } from './options.ts'

/** Wrong use of the program: what was expected, what came, and what would be right. */
export function wrongUsage(message: string, advice: string, cause?: unknown): Failure {
  return new Failure(message, { exitStatus: exitStatus.usage, advice, cause })
}

/** What the command line, the environment and the file gave, as yargs names it. */
export interface Arguments {
  hostname: string
  user: string
  sshPort: number
  interface?: string | string[] | undefined
  staticAddress: string
  noAddresses?: boolean | undefined
  noMdns?: boolean | undefined
  hostKeys: string
  caKey: string
  certificates: string
  flake?: string | undefined
  statusSocket: string
  issueFile: string
  logLevel: RunOptions['logLevel']
}

/** Nothing is announced that a reader would have to refuse. Throws a Failure with usage status. */
export function checkOptions(args: Arguments): RunOptions {
  if (!hostLabel.test(args.hostname))
    throw wrongUsage(
      `'${args.hostname}' is no host name`,
      'use 1 to 63 letters, digits and inner hyphens, without a dot: --hostname NixOS',
    )
  if (!userName.test(args.user))
    throw wrongUsage(
      `'${args.user}' is no login name`,
      'use the name of a user on this machine: --user nixos',
    )
  if (!Number.isInteger(args.sshPort) || args.sshPort < 1 || args.sshPort > 65535)
    throw wrongUsage(
      `expected a port from 1 to 65535, got '${args.sshPort}'`,
      'for example --ssh-port 22',
    )
  return {
    hostname: args.hostname,
    user: args.user,
    sshPort: args.sshPort,
    interfaces: [args.interface ?? []].flat().flatMap((globs) => globs.split(',')),
    staticAddress: args.staticAddress === 'none' ? undefined : checkStatic(args.staticAddress),
    addresses: !args.noAddresses,
    mdns: !args.noMdns,
    hostKeys: args.hostKeys,
    caKey: checkPath('--ca-key', args.caKey),
    certificates: checkPath('--certificates', args.certificates),
    flake: args.flake,
    statusSocket: checkSocket(args.statusSocket),
    issueFile: checkPath('--issue-file', args.issueFile),
    logLevel: args.logLevel,
  }
}

/** Below the folder that systemd makes for the agent (RuntimeDirectory), so that sshd finds it at one place. */
export const defaultCertificates = '/run/installer-agent/certificates'

function checkStatic(text: string): string {
  const address = normalizeAddress(text)
  if (address && isLinkLocal6(address) && !text.includes('%')) return address
  throw wrongUsage(
    `expected a link-local address without zone, or none, got '${text}'`,
    `for example --static-address ${staticLinkLocal}`,
  )
}

/** Of `sun_path` in unix(7), without the zero at its end; Node cuts a longer path off, silently. */
const maxSocketPathBytes = 107

function checkSocket(text: string): string | undefined {
  const path = checkPath('--status-socket', text)
  if (path === undefined || Buffer.byteLength(path) <= maxSocketPathBytes) return path
  throw wrongUsage(
    `expected a path of at most ${maxSocketPathBytes} bytes after --status-socket, got '${path}'`,
    'the system takes no longer one for a socket',
  )
}

/** Given twice, an option is a list. */
function checkPath(option: string, path: string | string[]): string | undefined {
  if (path === 'none') return undefined
  if (typeof path === 'string' && path.startsWith('/')) return path
  throw wrongUsage(
    `expected an absolute path, or none, after ${option}, got '${path}'`,
    `for example ${option} /run/installer-agent/${option.slice(2)}`,
  )
}
