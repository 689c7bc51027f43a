import ip6addr from 'ip6addr'
import { isIPv4 } from '../../common/address.ts'
import type { Link } from '../../common/links.ts'
import { sleep } from '../../common/schedule.ts'
import type { Round } from './round.ts'

/** The largest IPv4 network that is gone through: a home's or an office's. */
const leastPrefixLength = 24
/** How long ARP, and an answer, may take. */
const waitMs = 100

/**
 * For a machine that cannot send echoes: an mDNS question to every IPv4 address of a small network,
 * which makes the kernel ask for each one's MAC: after it they are in the neighbour table. On IPv6 the
 * question to the group does as much for those who speak mDNS: to answer it they make themselves known.
 */
export async function sweep({ link, querier, question, patience }: Round): Promise<void> {
  const asker = await querier
  for (const address of hostsOf(link)) {
    if (patience.signal.aborted) break
    await asker?.askDirectly(address, question.names).catch(() => {})
  }
  await sleep(waitMs, patience.signal)
}

/** The other addresses of the link's small IPv4 networks. */
export function hostsOf({ addresses }: Pick<Link, 'addresses'>): string[] {
  return addresses.flatMap(({ address, prefixLength }) => {
    if (!isIPv4(address) || prefixLength < leastPrefixLength || prefixLength > 30) return []
    const network = ip6addr.createCIDR(address, prefixLength)
    const hosts = Array.from({ length: 2 ** (32 - prefixLength) - 2 }, (_, index) =>
      network.first().offset(index).toString(),
    )
    return hosts.filter((each) => each !== address)
  })
}
