import { runCommand } from '../common/command.ts'
import { Failure } from '../common/failure.ts'
import type { DesiredAddress } from './desired-addresses.ts'

/** The door to the kernel's addresses. A test may put a fake in its place. */
export interface Kernel {
  /** Adds a /64; false when it was there already. Throws a Failure when the kernel refuses. */
  addAddress(link: string, desired: DesiredAddress): Promise<boolean>
  /** Removes a /64; quiet when it, or its link, is gone already. */
  removeAddress(link: string, address: string): Promise<void>
}

export const kernel: Kernel = {
  async addAddress(link, { address, deprecated }) {
    const lifetime = deprecated ? ['preferred_lft', '0'] : []
    const args = ['-6', 'address', 'add', `${address}/64`, 'dev', link, ...lifetime]
    const { status, stderr } = await runCommand('ip', args)
    if (status === 0) return true
    // The words differ between kernels: EEXIST, or its extended acknowledgement.
    if (/File exists|already assigned/.test(stderr)) return false
    throw addFailure(link, address, stderr.trim())
  },

  async removeAddress(link, address) {
    await runCommand('ip', ['-6', 'address', 'del', `${address}/64`, 'dev', link])
  },
}

function addFailure(link: string, address: string, said: string): Failure {
  // EPERM: we may not. EACCES: net.ipv6.conf.<link>.disable_ipv6 is set.
  if (said.includes('Operation not permitted'))
    return new PermissionFailure(`no permission to add ${address} to ${link}: ${said}`, {
      advice: 'run it with CAP_NET_ADMIN (as the systemd unit does), or with --no-addresses',
    })
  if (said.includes('Permission denied'))
    return new Failure(`IPv6 is turned off on ${link}, so ${address} cannot be added`, {
      advice: `turn it on: sysctl net.ipv6.conf.${link}.disable_ipv6=0`,
    })
  return new Failure(`could not add ${address} to ${link}: ${said}`)
}

/** No link will let us add addresses: the agent cannot do its work. */
export class PermissionFailure extends Failure {}
