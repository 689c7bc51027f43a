import { normalizeAddress, normalizeMac, splitZone } from '../../../common/address.ts'
import type { Neighbour, Platform } from './platform.ts'

/** macOS, by its manual pages ping6(8), ndp(8) and arp(8). Not run on a real machine. */
export const darwin: Platform = {
  // A group needs its interface named; the zone says so, and -I for the multicast itself.
  echoCommand: (address, zone) => ({
    command: 'ping6',
    args: ['-n', '-I', zone, `${address}%${zone}`],
  }),
  parseEchoReply,
  neighbourTables: [
    [
      { command: 'ndp', args: ['-an'], parse: parseNdp },
      { command: 'arp', args: ['-an'], parse: parseArp },
    ],
  ],
}

/** The source address of `16 bytes from fe80::1%en0, icmp_seq=0 hlim=64 time=0.123 ms`. */
export function parseEchoReply(line: string): string | undefined {
  const from = /^\d+ bytes from ([0-9a-fA-F:.]+)(?:%[^ ,]+)?, icmp_seq=/.exec(line)?.[1]
  return from && normalizeAddress(from)
}

/** States of ndp(8): no state, waiting to be deleted, incomplete. */
const unreliable = new Set(['N', 'W', 'I'])

/** Lines of `ndp -an`: neighbour, link-layer address, interface, time to expiry, state, flags, probes. */
export function parseNdp(output: string): Neighbour[] {
  return output.split('\n').flatMap((line) => {
    const [neighbor = '', lladdr = '', link = '', ...rest] = line.trim().split(/\s+/)
    const state = rest.find((word) => /^[NWIRSDP]$/.test(word))
    if (state !== undefined && unreliable.has(state)) return []
    return entry(splitZone(neighbor).address, lladdr, link)
  })
}

/** Lines of `arp -an`: `? (192.0.2.7) at 52:54:0:12:34:56 on en0 ifscope [ethernet]`. */
export function parseArp(output: string): Neighbour[] {
  return output.split('\n').flatMap((line) => {
    const [, address = '', lladdr = '', link = ''] =
      /^\S+ \(([\d.]+)\) at (\S+) on (\S+)/.exec(line) ?? []
    return entry(address, lladdr, link)
  })
}

function entry(text: string, lladdr: string, link: string): Neighbour[] {
  const address = normalizeAddress(text)
  // ether_ntoa(3) leaves out leading zeros.
  const mac = normalizeMac(
    lladdr
      .split(':')
      .map((octet) => octet.padStart(2, '0'))
      .join(':'),
  )
  return address && mac && link ? [{ address, mac, link }] : []
}
