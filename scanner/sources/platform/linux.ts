import { normalizeAddress, normalizeMac, splitZone } from '../../../common/address.ts'
import type { Neighbour, Platform } from './platform.ts'

/** ping(8) of iputils and ip-neighbour(8) of iproute2. */
export const linux: Platform = {
  // No count: ping stops reading at the first answer of the last round, so the next round is put off
  // by ten seconds instead. -L: our own kernel stays silent.
  echoCommand: (address, zone) => ({
    command: 'ping',
    args: ['-6', '-n', '-L', '-i', '10', `${address}%${zone}`],
  }),
  parseEchoReply,
  neighbourTables: [[{ command: 'ip', args: ['-j', 'neighbour', 'show'], parse: parseNeighbours }]],
}

/** The source address of `64 bytes from fe80::1%eno1: icmp_seq=1 ttl=64 time=0.1 ms`. */
export function parseEchoReply(line: string): string | undefined {
  const from = /^\d+ bytes from ([0-9a-fA-F:.]+%?[^ ]*): icmp_seq=/.exec(line)?.[1]
  return from && normalizeAddress(splitZone(from).address)
}

/** What `ip -j neighbour show` prints of an entry, as far as it is used. */
interface IpNeighbour {
  dst?: string
  dev?: string
  lladdr?: string
  state?: string[]
}

const unreliable = new Set(['FAILED', 'INCOMPLETE', 'NONE'])

export function parseNeighbours(json: string): Neighbour[] {
  const entries = JSON.parse(json || '[]') as IpNeighbour[]
  return entries.flatMap(({ dst = '', dev, lladdr = '', state = [] }): Neighbour[] => {
    const address = normalizeAddress(dst)
    const mac = normalizeMac(lladdr)
    if (!address || !mac || !dev || state.some((each) => unreliable.has(each))) return []
    return [{ address, mac, link: dev }]
  })
}
