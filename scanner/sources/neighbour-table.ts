import { normalizeAddress, normalizeMac } from '../../common/address.ts'
import { runCommand } from '../../common/command.ts'
import { Failure } from '../../common/failure.ts'

export interface Neighbour {
  address: string
  mac: string
  link: string
}

/** What `ip -j neighbour show` prints of an entry, as far as it is used. */
interface IpNeighbour {
  dst?: string
  dev?: string
  lladdr?: string
  state?: string[]
}

/** States in which the MAC is not known to be right any more (RFC 4861 section 7.3.2). */
const unreliable = new Set(['FAILED', 'INCOMPLETE', 'NONE'])

/** The kernel's neighbour table, both families; throws a Failure when `ip` is missing or fails. */
export async function readNeighbours(signal: AbortSignal): Promise<Neighbour[]> {
  const { status, stdout, stderr } = await runCommand('ip', ['-j', 'neighbour', 'show'], signal)
  if (status !== 0)
    throw new Failure(`'ip neighbour show' ended with status ${status}: ${stderr.trim()}`)
  return parseNeighbours(stdout)
}

export function parseNeighbours(json: string): Neighbour[] {
  const entries = JSON.parse(json || '[]') as IpNeighbour[]
  return entries.flatMap(({ dst = '', dev, lladdr = '', state = [] }): Neighbour[] => {
    const address = normalizeAddress(dst)
    const mac = normalizeMac(lladdr)
    if (!address || !mac || !dev || state.some((each) => unreliable.has(each))) return []
    return [{ address, mac, link: dev }]
  })
}
