import { isLinkLocal6 } from '../common/address.ts'
import { staticLinkLocal } from '../common/contract.ts'
import type { Sighting } from './sighting.ts'

/** More replies at once than fit into the receive buffer of `ping`, 64 KiB: that one is missing proves nothing. */
const crowd = 128
/**
 * As many machines on a link as this, and the kernel's neighbour table may be full: it has 1,024
 * entries (gc_thresh3 of Linux), of all links together.
 */
export const nearlyFull = 900

export const fullTableWarning = [
  `more than ${nearlyFull} machines on one link: the kernel's neighbour table, of 1,024 entries unless it was made larger,`,
  'may be full, and then nobody new can be spoken to;',
  'make it larger: sysctl -w net.ipv6.neigh.default.gc_thresh3=8192',
].join(' ')

/** What came back on a link in a round. */
export interface Evidence {
  /** Who answered the group's question by unicast, and who by multicast. */
  once: ReadonlySet<string>
  byGroup: ReadonlySet<string>
  /** Undefined where none were to be asked for. A `ping` that nobody answers may not say that it has sent one. */
  echoes: { sent: number; answered: number } | undefined
  /** Machines that were seen. */
  seen: number
}

/** Whether answers were lost, or could not be sent to us: nobody who has answered ignores an echo. Pure. */
export function answersWereLost({ once, byGroup, echoes, seen }: Evidence): boolean {
  const answered = Math.max(once.size, byGroup.size)
  if (echoes?.answered === 0 && answered >= (echoes.sent > 0 ? 1 : crowd)) return true
  if (seen < crowd) return false
  // Without multicast nothing tells of those who found no room in the table.
  if (byGroup.size === 0) return seen >= nearlyFull
  return once.size > 0 && [...byGroup].some((each) => !once.has(each))
}

/**
 * Whether a round has shown that packets are lost, so that others may have been missed altogether:
 * a machine that answered one way did not answer another way that it always answers. Pure.
 */
export function showsLoss(round: readonly Sighting[]): boolean {
  const links = new Set(round.map((sighting) => sighting.link))
  return [...links].some((link) => showsLossOn(round.filter((each) => each.link === link)))
}

function showsLossOn(round: readonly Sighting[]): boolean {
  const echoes = (source: string) =>
    new Set(round.flatMap((each) => (each.source === source && !each.mac ? each.addresses : [])))
  const beacon = new Set([...echoes('static')].filter((each) => each !== staticLinkLocal))
  const everybody = new Set([...echoes('neighbour')].filter((each) => each !== staticLinkLocal))
  if (everybody.size + beacon.size >= crowd) return false
  // Only where both were asked, and either was heard at all: no echo is no loss.
  const asked = round.some((each) => each.source === 'static') && everybody.size > 0
  if (!asked) return beacon.size > 0 && everybody.size === 0 && hasNeighbours(round)
  return (
    [...beacon].some((each) => !everybody.has(each)) ||
    round.some((each) => isInGroup(each) && !each.addresses.some((own) => beacon.has(own)))
  )
}

/**
 * Whether it says of itself that it answers the beacon, and from an address of its own: the holder
 * of the static address may answer from that.
 */
function isInGroup({ advertisement, addresses }: Sighting): boolean {
  return (
    advertisement?.static !== undefined &&
    addresses.some(isLinkLocal6) &&
    !addresses.includes(staticLinkLocal)
  )
}

/** The table was read, so that source was asked. */
function hasNeighbours(round: readonly Sighting[]): boolean {
  return round.some((each) => each.source === 'neighbour')
}
