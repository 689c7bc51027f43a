#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import yargs from 'yargs'
import { isLinkLocal6, normalizeAddress } from '../common/address.ts'
import { hostLabel, userName } from '../common/advertisement.ts'
import { runProgram, untilInterrupted } from '../common/cli.ts'
import { defaultHostname, exitStatus, staticLinkLocal, version } from '../common/contract.ts'
import { errorMessage, Failure } from '../common/failure.ts'
import { createLog, logLevels } from '../common/log.ts'
import { runDaemon } from './daemon.ts'
import type { RunOptions } from './options.ts'

const usage = (message: string, advice: string, cause?: unknown) =>
  new Failure(message, { exitStatus: exitStatus.usage, advice, cause })

/** Reads the command line, INSTALLER_AGENT_* and the JSON file, in this order of weight, and runs. */
async function main(argv: string[]): Promise<number> {
  const fromFile = readConfig(configPath(argv))
  await yargs(argv)
    .scriptName('installer-agent')
    .usage('$0 [run]\n\nAnnounces this live installer on every link and keeps its addresses there.')
    .command(
      ['run', '$0'],
      'run until SIGTERM',
      (command) =>
        command
          .option('hostname', {
            type: 'string',
            default: defaultHostname,
            describe: 'host name to announce, as NAME.local',
          })
          .option('user', { type: 'string', default: 'nixos', describe: 'login name to announce' })
          .option('ssh-port', { type: 'number', default: 22, describe: 'port of sshd' })
          .option('interface', {
            type: 'string',
            requiresArg: true,
            describe: 'only links that match this pattern (repeatable; * and ?)',
          })
          .option('static-address', {
            type: 'string',
            default: staticLinkLocal,
            describe: 'well-known link-local address to hold, or none',
          })
          .option('no-addresses', { type: 'boolean', describe: 'add no addresses' })
          .option('no-mdns', { type: 'boolean', describe: 'announce nothing' })
          .option('host-keys', {
            type: 'string',
            default: '/etc/ssh',
            describe: 'folder with ssh_host_*_key.pub, whose fingerprints are announced',
          })
          .option('flake', { type: 'string', describe: 'path on this machine of the baked flake' })
          .option('log-level', { choices: logLevels, default: 'info' as const })
          .option('config', {
            type: 'string',
            requiresArg: true,
            describe: 'JSON file with any of these options',
          })
          .config(fromFile)
          .env('INSTALLER_AGENT'),
      async (args) => {
        const options = checkOptions(args)
        await runDaemon(options, createLog('installer-agent', options.logLevel), untilInterrupted())
      },
    )
    .parserConfiguration({ 'boolean-negation': false })
    .version(version)
    .strict()
    .fail((message, error) => {
      // yargs gives an error of its own for some wrong command lines, and ours as it is for others.
      if (error && error.name !== 'YError') throw error
      throw usage(message, "see 'installer-agent --help'")
    })
    .parseAsync()
  return exitStatus.done
}

/** The file has to be known before the options that it may hold are read. */
function configPath(argv: string[]): string | undefined {
  const { config } = yargs(argv).help(false).version(false).env('INSTALLER_AGENT').parseSync()
  return typeof config === 'string' ? config : undefined
}

function readConfig(path: string | undefined): object {
  if (path === undefined) return {}
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as object
  } catch (cause) {
    throw usage(
      `cannot read ${path} as JSON: ${errorMessage(cause)}`,
      'see --help for the keys',
      cause,
    )
  }
}

interface Arguments {
  hostname: string
  user: string
  sshPort: number
  interface?: string | string[] | undefined
  staticAddress: string
  noAddresses?: boolean | undefined
  noMdns?: boolean | undefined
  hostKeys: string
  flake?: string | undefined
  logLevel: RunOptions['logLevel']
}

/** Nothing is announced that a reader would have to refuse. Throws a Failure with usage status. */
export function checkOptions(args: Arguments): RunOptions {
  if (!hostLabel.test(args.hostname))
    throw usage(
      `'${args.hostname}' is no host name`,
      'use 1 to 63 letters, digits and inner hyphens, without a dot: --hostname NixOS',
    )
  if (!userName.test(args.user))
    throw usage(
      `'${args.user}' is no login name`,
      'use the name of a user on this machine: --user nixos',
    )
  if (!Number.isInteger(args.sshPort) || args.sshPort < 1 || args.sshPort > 65535)
    throw usage(
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
    flake: args.flake,
    logLevel: args.logLevel,
  }
}

function checkStatic(text: string): string {
  const address = normalizeAddress(text)
  if (address && isLinkLocal6(address) && !text.includes('%')) return address
  throw usage(
    `expected a link-local address without zone, or none, got '${text}'`,
    `for example --static-address ${staticLinkLocal}`,
  )
}

await runProgram('installer-agent', () => main(process.argv.slice(2)))
