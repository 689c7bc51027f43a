import { addressPreference, splitZone } from '../../common/address.ts'
import type { Machine, MachineLink } from '../machine.ts'
import { hasOption, type SshArguments } from './arguments.ts'
import { quoted } from './config-block.ts'
import { hostKeyAlias } from './known-hosts.ts'

/**
 * The command line of ssh(1) for a machine. The user's options come first, because ssh takes the
 * first value it is given of each; the key is checked under the machine's identity, so that another
 * address, zone or name of the same machine is no stranger, and another machine at the same address is.
 * Where a certificate authority vouches for machines a new key is to be refused: ssh's accept-new takes
 * a plain key, and one with a certificate that is not good, as if there were no authority.
 */
export function sshCommandLine(
  machine: Machine,
  { options, destination, command }: SshArguments,
  knownHosts: string,
  newKeys: 'accept' | 'refuse' = 'accept',
): string[] {
  const user = userOf(destination) ?? machine.user
  return [
    ...options,
    ...option('HostKeyAlias', hostKeyAlias(machine.id)),
    ...option('UserKnownHostsFile', quoted(knownHosts).replaceAll('%', '%%')),
    // `scanner trust list` could not tell whose a hashed name is.
    ...option('HashKnownHosts', 'no'),
    ...option('StrictHostKeyChecking', newKeys === 'accept' ? 'accept-new' : 'yes'),
    ...(hasOption(options, 'p') ? [] : ['-p', String(machine.port)]),
    ...(hasOption(options, 'l') ? [] : ['-l', user]),
    addressToDial(machine, destination),
    // ssh reads options after the destination as well, and a command may begin with a hyphen.
    ...(command.length > 0 ? ['--', ...command] : []),
  ]
}

/** The best of the addresses to dial. */
export function addressToDial(machine: Machine, destination: string | undefined): string {
  const [best] = addressesToDial(machine, nameOf(destination ?? ''))
  return best ?? machine.target
}

/**
 * All addresses that lead to a machine, best first: where its server was seen, then by kind; the
 * static one comes last, because it may have moved. Named by an address with a zone, a machine is
 * meant on that link, whatever other links it is on.
 */
export function addressesToDial({ links, target }: Machine, name: string): string[] {
  const { zone } = splitZone(name)
  const named = links.filter((link) => link.interface === zone)
  const rank = ({ address, kind }: MachineLink['addresses'][number]) =>
    kind !== 'static' && address === target ? -1 : addressPreference.indexOf(kind)
  const addresses = (named.length > 0 ? named : links).flatMap((link) => link.addresses)
  // Array.sort is stable: of equal ones the first link's address comes first.
  const sorted = addresses.sort((a, b) => rank(a) - rank(b))
  return [...new Set(sorted.map(({ address }) => address))]
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
