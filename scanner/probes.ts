import { setImmediate as nextTurn } from 'node:timers/promises'
import { addressKind, addressPreference, macFromLinkLocal, withZone } from '../common/address.ts'
import { Channel } from './channel.ts'
import type { Sighting } from './sighting.ts'
import { probeSsh } from './sources/ssh.ts'

/** Connections under way at once. */
const maxProbes = 64

/** Whom to visit, and what for. */
export interface Visits {
  isWanted(sighting: Sighting): boolean
  /** `strangers`: those only that announce no identity. A handshake costs both ends 10 ms or more. */
  keysOf: 'everybody' | 'strangers'
  /** Where a server has answered before; it learns where one does now. */
  visited: Set<string>
}

/** Passes sightings on and probes each machine among them once, at its best address that answers. */
export async function* withProbes(
  seen: AsyncIterable<Sighting>,
  signal: AbortSignal,
  { isWanted, keysOf, visited }: Visits,
  probe: typeof probeSsh = probeSsh,
): AsyncGenerator<Sighting> {
  const out = new Channel<Sighting>()
  const probed = new Set(visited)
  const waiting: Sighting[] = []
  const identified = new Set<string>()
  const tryInTurn = async (server: Sighting): Promise<void> => {
    const { link, port = 22 } = server
    for (const address of server.addresses) {
      const isStranger = () => !identified.has(withZone(address, link))
      const wantsKey = () => keysOf === 'everybody' || isStranger()
      const sighting = await probe(link, address, port, signal, wantsKey)
      const isReached = sighting.ssh?.reachable === true
      // What was broken off is no evidence that nobody answers there.
      if (signal.aborted && !isReached) return
      out.push(sighting)
      if (!isReached) continue
      for (const each of serversOf(server)) visited.add(each)
      return
    }
  }
  const probeNext = async (): Promise<void> => {
    // A Lookout looks in the turn between: the first connection takes a while to load.
    for (let turns = 0; turns < 2; turns++) await nextTurn()
    // When time is up the rest is not visited: thousands may be waiting.
    for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift())
      await tryInTurn(next)
  }
  const workers = new Set<Promise<void>>()
  const visit = (sighting: Sighting): void => {
    for (const card of cardsOf(sighting)) {
      const addresses = candidates(card, probed)
      if (addresses.length === 0) continue
      waiting.push({ ...card, addresses })
      if (workers.size >= maxProbes) continue
      const worker = probeNext().finally(() => workers.delete(worker))
      workers.add(worker)
    }
  }
  const feed = async (): Promise<void> => {
    for await (const sighting of seen) {
      out.push(sighting)
      for (const each of sighting.advertisement ? sighting.addresses : [])
        identified.add(withZone(each, sighting.link))
      if (isWanted(sighting)) visit(sighting)
    }
    await Promise.all(workers)
  }
  void feed().finally(() => out.end())
  yield* out
}

/** Who names the addresses of several cards may name those of another machine: each is visited. */
function cardsOf(sighting: Sighting): Sighting[] {
  const own = (mac: string) => sighting.addresses.filter((each) => macFromLinkLocal(each) === mac)
  const macs = new Set(sighting.addresses.flatMap((each) => macFromLinkLocal(each) ?? []))
  if (macs.size < 2) return [sighting]
  return [...macs].map((mac) => ({ ...sighting, mac, addresses: own(mac) }))
}

/**
 * The addresses to try, best first, unless that card and port have been tried: all addresses of a
 * card lead to one server, but not all may be reached from here.
 */
function candidates(sighting: Sighting, probed: Set<string>): string[] {
  const rank = (address: string) => addressPreference.indexOf(addressKind(address))
  const addresses = [...sighting.addresses].sort((a, b) => rank(a) - rank(b))
  const servers = serversOf({ ...sighting, addresses })
  if (servers.length === 0 || servers.some((each) => probed.has(each))) return []
  for (const server of servers) probed.add(server)
  return addresses
}

/** The card, if it is known, and the first address, each with the port. */
function serversOf({ link, addresses: [best], mac, port = 22 }: Sighting): string[] {
  if (best === undefined) return []
  return [`${link} ${port} ${mac ?? macFromLinkLocal(best) ?? best}`, `${link} ${port} ${best}`]
}
