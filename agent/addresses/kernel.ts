import { type CommandResult, runCommand } from '../../common/command.ts'
import { Failure } from '../../common/failure.ts'
import { ownMetric } from './reconcile.ts'

/** An address that is to be added, as a /64. */
export interface NewAddress {
  address: string
  /** Never spoken from (RFC 4862 section 5.5.4). */
  deprecated: boolean
  /** With our mark, by which it is known again after the agent was killed. */
  marked: boolean
  /** With duplicate address detection; else it may be used at once. */
  detect: boolean
}

/** The door to the kernel's addresses. A test may put a fake in its place. */
export interface Kernel {
  /** Adds a /64; false when it was there already. Throws a Failure when the kernel refuses. */
  addAddress(link: string, added: NewAddress): Promise<boolean>
  /** Removes a /64, if it is there, and adds it at once: for duplicate address detection again. */
  replaceAddress(link: string, added: NewAddress): Promise<void>
  /** Removes a /64; quiet when it, or its link, is gone already. Throws a Failure when it stays. */
  removeAddress(link: string, address: string): Promise<void>
}

export const kernel: Kernel = {
  async addAddress(link, added) {
    const result = await runMarked(added, (each) =>
      runCommand('ip', ['-6', ...addWords(link, each)]),
    )
    if (result.status === 0) return true
    if (isThere.test(result.stderr)) return false
    throw addFailure(link, added.address, result.stderr.trim())
  },

  async replaceAddress(link, added) {
    const { status, stderr } = await runMarked(added, (each) =>
      // One process, so that the address is away for microseconds only: its solicited-node group,
      // by which scanners find installers, stays answered.
      runCommand(
        'ip',
        ['-6', '-force', '-batch', '-'],
        undefined,
        `${removeWords(link, each.address).join(' ')}\n${addWords(link, each).join(' ')}\n`,
      ),
    )
    if (status === 0) return
    // That it was gone already, or is there again, is no trouble. Batch mode adds lines of its own.
    const isTrouble = (line: string) => !/^Command failed|^$/.test(line) && !isSettled.test(line)
    const said = stderr.split('\n').filter(isTrouble).join(' ')
    if (said) throw addFailure(link, added.address, said)
    // A command that says nothing did nothing: ended by a signal, say.
    if (!isSettled.test(stderr)) throw addFailure(link, added.address, `ip ended with ${status}`)
  },

  async removeAddress(link, address) {
    const { status, stderr } = await runCommand('ip', ['-6', ...removeWords(link, address)])
    if (status === 0 || isGone.test(stderr)) return
    throw new Failure(`could not remove ${address} from ${link}: ${stderr.trim()}`)
  },
}

// The words differ between kernels: errno, or its extended acknowledgement.
const isThere = /File exists|already assigned/
const isGone = /Cannot assign requested address|address not found|Cannot find device/
const isSettled = new RegExp(`${isThere.source}|${isGone.source}`)

function addWords(link: string, { address, deprecated, marked, detect }: NewAddress): string[] {
  const lifetime = deprecated ? ['preferred_lft', '0'] : []
  const metric = marked ? ['metric', String(ownMetric)] : []
  const nodad = detect ? [] : ['nodad']
  return ['address', 'add', `${address}/64`, 'dev', link, ...lifetime, ...metric, ...nodad]
}

function removeWords(link: string, address: string): string[] {
  return ['address', 'del', `${address}/64`, 'dev', link]
}

/** iproute2 before 4.19 knows no metric of addresses: then without, and the memory has to do. */
async function runMarked(
  added: NewAddress,
  run: (added: NewAddress) => Promise<CommandResult>,
): Promise<CommandResult> {
  const result = await run(added)
  const isOld = added.marked && /"metric" is a garbage/.test(result.stderr)
  return isOld ? run({ ...added, marked: false }) : result
}

function addFailure(link: string, address: string, said: string): Failure {
  // EPERM: we may not. EACCES: net.ipv6.conf.<link>.disable_ipv6 is set.
  if (said.includes('Operation not permitted'))
    return new PermissionFailure(`no permission to add ${address} to ${link}: ${said}`, {
      advice: 'run it with CAP_NET_ADMIN (as the systemd unit does), or with --no-addresses',
    })
  if (/Permission denied|IPv6 is disabled/.test(said))
    return new DisabledFailure(`IPv6 is turned off on ${link}, so ${address} cannot be added`, {
      advice: `turn it on: sysctl net.ipv6.conf.${link}.disable_ipv6=0`,
    })
  return new Failure(`could not add ${address} to ${link}: ${said}`)
}

/** No link will let us add addresses: the agent cannot do its work. */
export class PermissionFailure extends Failure {}

/** IPv6 is turned off on the link: an event tells when it is on again, so nothing is tried before. */
export class DisabledFailure extends Failure {}
