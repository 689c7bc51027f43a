import { addressBytes } from '../../common/address.ts'
import { staticLinkLocal, staticSolicitedNode } from '../../common/contract.ts'
import type { Sighting } from '../sighting.ts'
import { echoIn } from './echo.ts'
import { holderMs, holderOf } from './holder.ts'
import { questionFirst, type Round, type Source } from './round.ts'

/**
 * The static address: an echo to its solicited-node group is answered by every machine that was
 * given it, from its own address, also by those that lost the duplicate address detection. Then
 * TCP to the address itself, which makes the kernel find the one that holds it.
 */
export const staticSource: Source = async function* (round) {
  await questionFirst(round)
  const { link, patience } = round
  const itself = `who holds ${staticLinkLocal} on ${link.name}`
  let isLooking = true
  const holder = holderOf(round)
    .catch(() => undefined)
    .finally(() => {
      isLooking = false
      patience.met(itself)
    })
  for await (const address of echoIn(round, staticSolicitedNode)) {
    if (isInGroupByChance(address)) continue
    // Somebody was given it: then it is worth waiting for who has it.
    if (isLooking) patience.expect(itself, holderMs)
    round.direct.greet(address, true)
    yield sighting(round, address)
  }
  const held = await holder
  if (held) yield sighting(round, staticLinkLocal, held.mac)
}

function sighting({ link }: Round, address: string, mac?: string): Sighting {
  const seen = { link: link.name, at: Date.now(), addresses: [address], installer: true }
  return { source: 'static', ...seen, ...(mac && { mac }) }
}

/** The group has the last 24 bits of the address: one card in 2^24 is in it with its own (RFC 4291 section 2.7.1). */
export function isInGroupByChance(address: string): boolean {
  const bytes = addressBytes(address)
  return address !== staticLinkLocal && bytes.length === 16 && bytes.readUIntBE(13, 3) === 0x47
}
