import { staticLinkLocal } from '../common/contract.ts'
import type { Sighting } from './sighting.ts'

/**
 * As many machines begin to fill the kernel's neighbour table (gc_thresh1 of Linux): whoever finds no
 * room there cannot answer us, and there is nothing to see of it.
 */
const crowd = 128

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
  const readers = round.filter((each) => each.advertisement)
  const agents = new Set(readers.flatMap((each) => each.addresses))
  const beacon = new Set([...echoes('static')].filter((each) => each !== staticLinkLocal))
  const everybody = new Set([...echoes('neighbour')].filter((each) => each !== staticLinkLocal))
  if (everybody.size >= crowd) return true
  // Only where both were asked, and either was heard at all: no echo is no loss.
  const asked = round.some((each) => each.source === 'static') && everybody.size > 0
  if (!asked) return beacon.size > 0 && everybody.size === 0 && hasNeighbours(round)
  return (
    [...beacon].some((each) => !everybody.has(each)) ||
    [...everybody].some((each) => agents.has(each) && !beacon.has(each))
  )
}

/** The table was read, so that source was asked. */
function hasNeighbours(round: readonly Sighting[]): boolean {
  return round.some((each) => each.source === 'neighbour')
}
