import { once } from 'node:events'
import { connect } from 'node:net'
import { addressBytes, withZone } from '../../common/address.ts'
import { staticLinkLocal, staticSolicitedNode } from '../../common/contract.ts'
import { errorCode } from '../../common/failure.ts'
import type { Link } from '../../common/links.ts'
import { deadline } from '../../common/schedule.ts'
import type { Sighting, Source } from '../sighting.ts'
import { echo } from './echo.ts'
import { readNeighbours } from './neighbour-table.ts'

/** An unused address is given up by the kernel after three solicitations, one second apart (RFC 4861 section 10). */
const connectMs = 500

/**
 * The static address: an echo to its solicited-node group is answered by every machine that was
 * given it, from its own address, also by those that lost the duplicate address detection. Then
 * TCP to the address itself, which makes the kernel find the one that holds it.
 */
export const staticSource: Source = async function* (link, _question, signal) {
  const sighting = (address: string, mac?: string): Sighting => ({
    source: 'static',
    link: link.name,
    at: Date.now(),
    addresses: [address],
    installer: true,
    ...(mac && { mac }),
  })
  // Our own machine may hold the address: then whoever else does is not to be reached by it.
  const mine = link.addresses.some((each) => each.address === staticLinkLocal)
  const held = mine ? Promise.resolve(false) : isHeld(link, signal)
  for await (const address of echo(link, staticSolicitedNode, signal))
    if (!isInGroupByChance(address)) yield sighting(address)
  if (!(await held)) return
  const holder = (await readNeighbours(signal)).find(
    (each) => each.link === link.name && each.address === staticLinkLocal,
  )
  yield sighting(staticLinkLocal, holder?.mac)
}

/** The group has the last 24 bits of the address: one card in 2^24 is in it with its own (RFC 4291 section 2.7.1). */
function isInGroupByChance(address: string): boolean {
  const bytes = addressBytes(address)
  return address !== staticLinkLocal && bytes.length === 16 && bytes.readUIntBE(13, 3) === 0x47
}

/** Whether a machine has the address: a TCP connection to port 22 is opened, or refused. */
async function isHeld(link: Link, signal: AbortSignal): Promise<boolean> {
  const socket = connect({ host: withZone(staticLinkLocal, link.name), port: 22 })
  const giveUp = deadline(connectMs, signal)
  try {
    await once(socket, 'connect', { signal: giveUp.signal })
    return true
  } catch (error) {
    return errorCode(error) === 'ECONNREFUSED'
  } finally {
    giveUp.clear()
    socket.destroy()
  }
}
