import { addressKind, macFromLinkLocal } from '../common/address.ts'
import { Channel } from './channel.ts'
import type { Sighting } from './sighting.ts'
import { probeSsh } from './sources/ssh.ts'

/** Connections under way at once. */
const maxProbes = 64

/** Passes sightings on and probes each machine among them once, at the first address that fits. */
export async function* withProbes(
  seen: AsyncIterable<Sighting>,
  signal: AbortSignal,
): AsyncGenerator<Sighting> {
  const out = new Channel<Sighting>()
  const probed = new Set<string>()
  const waiting: Sighting[] = []
  const probeNext = async (): Promise<void> => {
    // When time is up the rest is not visited: thousands may be waiting.
    for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) {
      const [address = ''] = next.addresses
      out.push(await probeSsh(next.link, address, next.port ?? 22, signal))
    }
  }
  const workers = new Set<Promise<void>>()
  const feed = async (): Promise<void> => {
    for await (const sighting of seen) {
      out.push(sighting)
      const address = candidate(sighting, probed)
      if (address === undefined) continue
      waiting.push({ ...sighting, addresses: [address] })
      if (workers.size >= maxProbes) continue
      const worker = probeNext().finally(() => workers.delete(worker))
      workers.add(worker)
    }
    await Promise.all(workers)
  }
  void feed().finally(() => out.end())
  yield* out
}

/** The address to probe, unless that card and port have been: all addresses of a card lead to one server. */
function candidate(
  { link, addresses, mac, port = 22 }: Sighting,
  probed: Set<string>,
): string | undefined {
  const [best] = [...addresses].sort((a, b) => Number(isStatic(a)) - Number(isStatic(b)))
  if (best === undefined) return undefined
  const card = `${link} ${port} ${mac ?? macFromLinkLocal(best) ?? best}`
  const server = `${link} ${port} ${best}`
  if (probed.has(card) || probed.has(server)) return undefined
  probed.add(card).add(server)
  return best
}

function isStatic(address: string): boolean {
  return addressKind(address) === 'static'
}
