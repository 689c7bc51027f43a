import { addressKind, addressPreference, macFromLinkLocal } from '../common/address.ts'
import { Channel } from './channel.ts'
import type { Sighting } from './sighting.ts'
import { probeSsh } from './sources/ssh.ts'

/** Connections under way at once. */
const maxProbes = 64

/** Passes sightings on and probes each machine among them once, at its best address that answers. */
export async function* withProbes(
  seen: AsyncIterable<Sighting>,
  signal: AbortSignal,
): AsyncGenerator<Sighting> {
  const out = new Channel<Sighting>()
  const probed = new Set<string>()
  const waiting: Sighting[] = []
  const probeNext = async (): Promise<void> => {
    // When time is up the rest is not visited: thousands may be waiting.
    for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift())
      for (const address of next.addresses) {
        const sighting = await probeSsh(next.link, address, next.port ?? 22, signal)
        out.push(sighting)
        if (sighting.ssh?.reachable) break
      }
  }
  const workers = new Set<Promise<void>>()
  const feed = async (): Promise<void> => {
    for await (const sighting of seen) {
      out.push(sighting)
      const addresses = candidates(sighting, probed)
      if (addresses.length === 0) continue
      waiting.push({ ...sighting, addresses })
      if (workers.size >= maxProbes) continue
      const worker = probeNext().finally(() => workers.delete(worker))
      workers.add(worker)
    }
    await Promise.all(workers)
  }
  void feed().finally(() => out.end())
  yield* out
}

/**
 * The addresses to try, best first, unless that card and port have been tried: all addresses of a
 * card lead to one server, but not all may be reached from here.
 */
function candidates({ link, addresses, mac, port = 22 }: Sighting, probed: Set<string>): string[] {
  const rank = (address: string) => addressPreference.indexOf(addressKind(address))
  const sorted = [...addresses].sort((a, b) => rank(a) - rank(b))
  const [best] = sorted
  if (best === undefined) return []
  const card = `${link} ${port} ${mac ?? macFromLinkLocal(best) ?? best}`
  const server = `${link} ${port} ${best}`
  if (probed.has(card) || probed.has(server)) return []
  probed.add(card).add(server)
  return sorted
}
