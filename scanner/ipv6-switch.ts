import { readFile } from 'node:fs/promises'
import { isLinkLocal6 } from '../common/address.ts'
import { type Link, ownIPv4 } from '../common/links.ts'

/** The kernel's IPv6 settings, a folder a link (ip-sysctl.rst of Linux); not there on other systems. */
const settings = '/proc/sys/net/ipv6/conf'

/**
 * One sentence for each of the links on which somebody has switched IPv6 off: an installer on a bare
 * cable has no other address.
 */
export async function explainNoIPv6(links: readonly Link[]): Promise<string[]> {
  const affected = links.filter(
    ({ running, multicast, addresses }) =>
      running && multicast && !addresses.some(({ address }) => isLinkLocal6(address)),
  )
  const switched = await Promise.all(affected.map(isSwitchedOff))
  return affected.filter((_, index) => switched[index]).map(sentence)
}

/** Whether somebody has switched IPv6 off on a link. */
export async function isSwitchedOff({ name }: Pick<Link, 'name'>): Promise<boolean> {
  const setting = await readFile(`${settings}/${name}/disable_ipv6`, 'latin1').catch(() => '')
  return setting.trim() === '1'
}

function sentence(link: Link): string {
  const consequence = ownIPv4(link)
    ? ': only machines with IPv4 are found there'
    : ', and it has no IPv4 address: nobody is found there'
  return `IPv6 is switched off on ${link.name}${consequence} (switch it on, as root: sysctl net.ipv6.conf.all.disable_ipv6=0)`
}
