import { isLinkLocal6, linkLocalFromMac } from '../../../common/address.ts'
import { staticLinkLocal } from '../../../common/contract.ts'
import { type Link, type LinkAddress, ownIPv4, ownLinkLocal } from '../../../common/links.ts'
import { isSwitchedOff } from '../../ipv6-switch.ts'
import type { Check } from '../check.ts'
import { readNumber } from '../doors/kernel.ts'
import { type Finding, fix, rootFix, setSysctl } from '../finding.ts'

/** IPv6 on, and a link-local address that has passed duplicate address detection. */
export const addresses: Check = {
  layer: 'address',
  async run({ meant }) {
    const able = meant.filter((link) => link.running && link.multicast)
    const judged = able.map(async (link) => {
      const generation = await readNumber(`net/ipv6/conf/${link.name}/addr_gen_mode`)
      return judgeAddresses(link, isSwitchedOff(link), generation)
    })
    return (await Promise.all(judged)).flat()
  },
}

/** net.ipv6.conf.X.addr_gen_mode of ip-sysctl.rst: 1 makes no link-local address. */
const makesNone = 1

/** What is to be said of the addresses of a link with carrier. Pure. */
export function judgeAddresses(
  link: Link,
  isOff: boolean,
  generation: number | undefined,
): Finding[] {
  const { name } = link
  const about = { interface: name }
  const ownStatic = link.addresses.filter(({ address }) => address === staticLinkLocal)
  const held: Finding[] = ownStatic.map(() => ({
    ...about,
    level: 'warn',
    code: 'holds-static-address',
    reason: `this machine has ${staticLinkLocal} on ${name} itself: an installer is not reached by it`,
    fix: rootFix(['ip', 'address', 'del', `${staticLinkLocal}/64`, 'dev', name]),
  }))
  return [judgeLinkLocal(link, isOff, generation), ...duplicates(link), ...held].filter(
    (each) => each !== undefined,
  )
}

function judgeLinkLocal(link: Link, isOff: boolean, generation: number | undefined) {
  const { name, mac } = link
  const about = { interface: name }
  const own = ownLinkLocal(link)
  if (own !== undefined)
    return { ...about, level: 'ok', code: 'link-local', reason: `${name} has ${own}` } as const
  const rest = ownIPv4(link) ? 'only machines with IPv4 are found there' : 'nobody is found there'
  if (isOff) {
    const off = setSysctl(`net/ipv6/conf/${name}/disable_ipv6`, 0)
    const reason = `IPv6 is switched off on ${name}: ${rest}`
    return { ...about, level: 'fail', code: 'ipv6-off', reason, fix: rootFix(off) } as const
  }
  const linkLocals = link.addresses.filter(({ address }) => isLinkLocal6(address))
  if (linkLocals.some(({ dadFailed }) => dadFailed)) return undefined
  if (linkLocals.length > 0)
    return {
      ...about,
      level: 'warn',
      code: 'tentative',
      reason: `${name} still checks that nobody else has ${linkLocals[0]?.address} (2 s)`,
      fix: fix(['scanner', 'doctor', '--interface', name]),
    } as const
  const make =
    generation === makesNone
      ? setSysctl(`net/ipv6/conf/${name}/addr_gen_mode`, 0)
      : ['ip', 'address', 'add', `${mac ? linkLocalFromMac(mac) : 'fe80::1'}/64`, 'dev', name]
  return {
    ...about,
    level: 'fail',
    code: 'no-link-local',
    reason: `${name} has no IPv6 link-local address${generation === makesNone ? ', and is told to make none' : ''}: ${rest}`,
    fix: rootFix(make),
  } as const
}

/** RFC 4862 section 5.4.5. The kernel does not try again by itself. */
function duplicates(link: Link): Finding[] {
  const isStuck = ({ address, dadFailed }: LinkAddress) => dadFailed && address !== staticLinkLocal
  return link.addresses.filter(isStuck).map(({ address }) => ({
    interface: link.name,
    level: ownLinkLocal(link) ? 'warn' : 'fail',
    code: 'duplicate-address',
    reason: `another machine on ${link.name} has ${address} as well: two cards of one MAC, or a loop; it is checked again once that is unplugged`,
    fix: rootFix(
      ['ip', 'link', 'set', 'dev', link.name, 'down'],
      ['ip', 'link', 'set', 'dev', link.name, 'up'],
    ),
  }))
}
