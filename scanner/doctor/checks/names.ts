import { splitZone } from '../../../common/address.ts'
import { defaultHostname } from '../../../common/contract.ts'
import type { Machine } from '../../machine.ts'
import type { Check } from '../check.ts'
import { readKernelFile } from '../doors/kernel.ts'
import { resolveByLibc } from '../doors/names.ts'
import { type Finding, fix, rootFix } from '../finding.ts'

/** What other programs make of `NixOS.local`; the scanner needs none of it. */
export const names: Check = {
  layer: 'names',
  isOfLinux: true,
  async run({ look }, signal) {
    const { meant } = await look
    const [machine] = meant.filter((each) => each.hostname !== null)
    const name = machine?.hostname ?? `${defaultHostname}.local`
    const [settings, nscd, resolved] = await Promise.all([
      readKernelFile('/etc/nsswitch.conf'),
      readKernelFile('/run/nscd/nscd.pid'),
      machine ? resolveByLibc(name, signal) : [],
    ])
    const hosts = /^\s*hosts:\s*(.*)$/m.exec(settings ?? '')?.[1] ?? ''
    return [judgeNames(name, { hosts, hasNscd: nscd !== undefined, resolved, machine })]
  },
}

/** How names are resolved here. */
export interface Resolution {
  /** The line `hosts:` of nsswitch.conf(5). */
  hosts: string
  hasNscd: boolean
  /** What the C library says; with zone where it has one. */
  resolved: readonly string[]
  /** Whose name it is; undefined when nobody is found. */
  machine: Pick<Machine, 'id' | 'links'> | undefined
}

/** Services that know multicast DNS: nss-mdns, nss-resolve. */
const knowsMdns = /\b(mdns\w*|resolve)\b/
/** `ssh NixOS.installer` asks the scanner. */
const ownWay = fix(['scanner', 'ssh-config', '--install'])
const instead = "the scanner needs none of that, nor does 'ssh NAME.installer' with its block"

/** What is to be said of what other programs make of a name. Pure. */
export function judgeNames(
  name: string,
  { hosts, hasNscd, resolved, machine }: Resolution,
): Finding {
  const about = machine ? { machine: machine.id } : {}
  if (resolved.some(isWithoutLink))
    return {
      ...about,
      level: 'warn',
      code: 'scope-lost',
      reason: `other programs get ${name} without its link (${resolved.find(isWithoutLink)}${hasNscd ? '; nscd drops it' : ''}), so that 'ssh ${name}' fails with "Invalid argument"; ${instead}`,
      fix: ownWay,
    }
  if (machine && resolved.length > 0 && !resolved.some((each) => isOf(machine, each)))
    return {
      ...about,
      level: 'warn',
      code: 'resolves-elsewhere',
      reason: `other programs take ${name} for another machine (${resolved.join(', ')}); ${instead}`,
      fix: ownWay,
    }
  if (resolved.length > 0)
    return {
      ...about,
      level: 'ok',
      code: 'resolves',
      reason: `other programs know ${name}: ${resolved.join(', ')}`,
    }
  if (machine && /\bresolve\b/.test(hosts) && !/\bmdns/.test(hosts))
    return {
      ...about,
      level: 'warn',
      code: 'resolved-silent',
      reason: `systemd-resolved, which other programs ask for ${name}, does not ask the link for it (MulticastDNS=); ${instead}`,
      fix: rootFix(
        ...machine.links.map((link) => ['resolvectl', 'mdns', link.interface, 'resolve']),
      ),
    }
  if (machine || !knowsMdns.test(hosts))
    return {
      ...about,
      level: 'warn',
      code: 'local-unknown',
      reason: `other programs do not know ${name}${knowsMdns.test(hosts) ? '' : ` (no mdns in the hosts of nsswitch.conf: ${hosts || 'nothing'})`}; ${instead}`,
      fix: ownWay,
    }
  return {
    level: 'ok',
    code: 'nsswitch',
    reason: `other programs ask for .local names (hosts: ${hosts})`,
  }
}

/** A link-local address means nothing without its link (RFC 4007 section 6). */
function isWithoutLink(text: string): boolean {
  const { address, zone } = splitZone(text)
  return /^fe[89ab]/i.test(address) && zone === undefined
}

function isOf({ links }: Pick<Machine, 'links'>, text: string): boolean {
  const { address } = splitZone(text)
  return links.some((link) =>
    link.addresses.some((each) => splitZone(each.address).address === address),
  )
}
