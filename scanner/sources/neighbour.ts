import { allNodes, staticLinkLocal } from '../../common/contract.ts'
import type { Link } from '../../common/links.ts'
import type { Sighting, Source } from '../sighting.ts'
import { echo } from './echo.ts'
import { readNeighbours } from './neighbour-table.ts'

/**
 * Everybody on the link: an echo to all nodes, then the neighbour table. The replies' sources come
 * first, because a machine that knows us already answers without leaving an entry in our table;
 * the table adds the MACs, and those who do not answer echoes.
 */
export const neighbour: Source = async function* (link, _question, signal) {
  for await (const address of echo(link, allNodes, signal))
    yield { ...sighting(link, address), installer: address === staticLinkLocal }
  yield* readTable(link, signal)
}

/**
 * The link's entries in the neighbour table. Not that of the static address: it stays there after
 * its holder has left, and to find the one who holds it now is the work of the `static` source.
 */
export async function* readTable(link: Link, signal: AbortSignal): AsyncGenerator<Sighting> {
  const own = new Set(link.addresses.map((each) => each.address))
  for (const { address, mac, link: on } of await readNeighbours(signal))
    if (on === link.name && !own.has(address) && address !== staticLinkLocal)
      yield sighting(link, address, mac)
}

function sighting(link: Link, address: string, mac?: string): Sighting {
  return {
    source: 'neighbour',
    link: link.name,
    at: Date.now(),
    addresses: [address],
    ...(mac && { mac }),
  }
}
