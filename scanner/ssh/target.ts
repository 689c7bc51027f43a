import { splitZone } from '../../common/address.ts'
import type { Machine } from '../machine.ts'
import { hasOption, type SshArguments } from './arguments.ts'
import { hostKeyAlias } from './known-hosts.ts'

/**
 * The command line of ssh(1) for a machine. The user's options come first, because ssh takes the
 * first value it is given of each; the key is checked under the machine's identity, so that another
 * address, zone or name of the same machine is no stranger, and another machine at the same address is.
 */
export function sshCommandLine(
  machine: Machine,
  { options, destination, command }: SshArguments,
  knownHosts: string,
): string[] {
  const user = userOf(destination) ?? machine.user
  return [
    ...options,
    ...option('HostKeyAlias', hostKeyAlias(machine.id)),
    ...option('UserKnownHostsFile', quoted(knownHosts)),
    ...option('StrictHostKeyChecking', 'accept-new'),
    ...(hasOption(options, 'p') ? [] : ['-p', String(machine.port)]),
    ...(hasOption(options, 'l') ? [] : ['-l', user]),
    addressToDial(machine, destination),
    // ssh reads options after the destination as well, and a command may begin with a hyphen.
    ...(command.length > 0 ? ['--', ...command] : []),
  ]
}

/** Named by an address with a zone, a machine is meant on that link, whatever other links it is on. */
export function addressToDial({ links, target }: Machine, destination: string | undefined): string {
  const { zone } = splitZone(nameOf(destination ?? ''))
  const link = links.find((each) => each.interface === zone)
  const isThere = link?.addresses.some(({ address }) => address === target)
  return (isThere ? undefined : link?.addresses[0]?.address) ?? target
}

export function userOf(destination: string | undefined): string | undefined {
  const at = destination?.lastIndexOf('@') ?? -1
  return at > 0 ? destination?.slice(0, at) : undefined
}

export function nameOf(destination: string): string {
  return destination.slice(destination.lastIndexOf('@') + 1)
}

function option(name: string, value: string): string[] {
  return ['-o', `${name}=${value}`]
}

/** A path as a value of ssh_config(5): in double quotes, what means something in them escaped. */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`
}
