import { once } from 'node:events'
import { connect } from 'node:net'
import { withZone } from '../../common/address.ts'
import { staticLinkLocal } from '../../common/contract.ts'
import { errorCode } from '../../common/failure.ts'
import type { Link } from '../../common/links.ts'
import { deadline } from '../../common/schedule.ts'
import { readNeighbours } from './neighbour-table.ts'
import type { Round } from './round.ts'

/** An unused address is given up by the kernel after three solicitations, one second apart (RFC 4861 section 10). */
const connectMs = 500
/** Then the table is read. */
export const holderMs = connectMs + 100

/** Who has the static address on a link; the MAC is unknown where the table does not say. */
export interface Holder {
  mac: string | undefined
}

const holders = new WeakMap<Round, Promise<Holder | undefined>>()

/**
 * The machine that has the static address: TCP to it makes the kernel look, and then its neighbour
 * table knows. Asked once a round, whichever source wants to know. Rejects when the table cannot be
 * read.
 */
export function holderOf(round: Round): Promise<Holder | undefined> {
  const present = holders.get(round) ?? findHolder(round)
  holders.set(round, present)
  return present
}

async function findHolder({ link, patience: { signal } }: Round): Promise<Holder | undefined> {
  // Our own machine may hold the address: then whoever else does is not to be reached by it.
  if (link.addresses.some((each) => each.address === staticLinkLocal)) return undefined
  if (!(await isHeld(link, signal))) return undefined
  const entries = await readNeighbours(signal)
  const entry = entries.find((each) => each.link === link.name && each.address === staticLinkLocal)
  return { mac: entry?.mac }
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
