import { readFileSync } from 'node:fs'
import { isLinkLocal6 } from '../common/address.ts'
import { type Link, ownIPv4 } from '../common/links.ts'

/** The kernel's IPv6 settings, a folder a link (ip-sysctl.rst of Linux); not there on other systems. */
const settings = '/proc/sys/net/ipv6/conf'

/**
 * One sentence for each of the links on which somebody has switched IPv6 off: an installer on a bare
 * cable has no other address.
 */
export function explainNoIPv6(links: readonly Link[]): string[] {
  const affected = links.filter(
    ({ running, multicast, addresses }) =>
      running && multicast && !addresses.some(({ address }) => isLinkLocal6(address)),
  )
  return affected.filter(isSwitchedOff).map(sentence)
}

/** Whether somebody has switched IPv6 off on a link. */
export function isSwitchedOff({ name }: Pick<Link, 'name'>): boolean {
  try {
    return readFileSync(`${settings}/${name}/disable_ipv6`, 'latin1').trim() === '1'
  } catch {
    return false
  }
}

function sentence(link: Link): string {
  const consequence = ownIPv4(link)
    ? ': only machines with IPv4 are found there'
    : ', and it has no IPv4 address: nobody is found there'
  return `IPv6 is switched off on ${link.name}${consequence} (switch it on, as root: sysctl net.ipv6.conf.all.disable_ipv6=0)`
}
