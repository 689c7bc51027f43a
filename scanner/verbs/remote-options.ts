import type { Argv } from 'yargs'
import {
  commonOptions,
  readSearchOptions,
  searchOptions,
  shortForms,
  usageFailure,
} from '../options.ts'
import type { MeetOptions } from '../remote/meet.ts'
import { withoutAliasSuffix } from '../ssh/alias.ts'
import { nameOf } from '../ssh/target.ts'
import { consentOptions, readFingerprint } from './consent.ts'

/** The options of verbs that do something on the machine, over ssh. */
export function remoteOptions<T>(command: Argv<T>) {
  return searchOptions(commonOptions(command))
    .alias(shortForms)
    .positional('name', {
      type: 'string',
      describe: '[user@]name, id, MAC, end of a MAC, or address',
    })
    .option('identity', {
      type: 'string',
      requiresArg: true,
      describe: 'the private key to log in with, as ssh -i',
    })
    .option('ssh-option', {
      type: 'string',
      requiresArg: true,
      describe: 'NAME=VALUE for ssh, as ssh -o (repeatable)',
    })
    .options(consentOptions)
    .option('print', {
      type: 'boolean',
      default: false,
      describe: 'show the commands, and do nothing',
    })
}

type RemoteArguments = Parameters<typeof readSearchOptions>[0] & {
  name?: string | undefined
  identity?: string | undefined
  sshOption?: string | string[] | undefined
  fingerprint?: string | undefined
  acceptNewKey: boolean
}

/** Whom to reach, and how; throws a Failure for a wrong word. */
export function readRemoteOptions(args: RemoteArguments, purpose: string): MeetOptions {
  if (args.name === undefined)
    throw usageFailure(`name the installer ${purpose}`, "'scanner find' lists them")
  const name = withoutAliasSuffix(nameOf(args.name))
  const identity = args.identity === undefined ? [] : ['-i', args.identity]
  const settings = [args.sshOption ?? []].flat().flatMap((setting) => ['-o', setting])
  return {
    ...readSearchOptions(args, name),
    name,
    destination: args.name,
    sshOptions: [...identity, ...settings],
    pinned: readFingerprint(args.fingerprint),
    acceptNewKey: args.acceptNewKey,
  }
}

/** The folder that is to become the root of the new system: absolute, and not that of the live one. */
export function readTarget(text: string): string {
  const path = text.replace(/(?<=.)\/+$/, '')
  const isPlain = path.split('/').every((part, at) => at === 0 || !/^(\.{0,2})$/.test(part))
  if (/^\/[^\0\n]+$/.test(path) && isPlain) return path
  throw usageFailure(
    `expected an absolute path below /, got '--target ${text}'`,
    'the guide, and nixos-install, use /mnt',
  )
}
