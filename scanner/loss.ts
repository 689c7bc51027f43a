import { isLinkLocal6 } from '../common/address.ts'
import { staticLinkLocal } from '../common/contract.ts'
import type { Sighting } from './sighting.ts'

/** As many machines begin to fill the kernel's neighbour table (gc_thresh1 of Linux). */
const crowd = 128

/**
 * Whoever finds no room in that table cannot answer us, and there is nothing to see of it, unless
 * answers to the group come in, which need no room. Pure.
 */
export function mayBeFull(seen: number, answersByGroup: number): boolean {
  return seen >= crowd && answersByGroup === 0
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
