import { normalizeAddress, normalizeMac } from '../../../common/address.ts'
import type { Neighbour, Platform } from './platform.ts'

/** Objects, not a table to be read by people: their words are in the language of the system. */
const getNeighbours =
  'Get-NetNeighbor | Select-Object InterfaceIndex,IPAddress,LinkLayerAddress,State | ConvertTo-Json -Compress'

/**
 * Windows, by Microsoft's reference of ping, Get-NetNeighbor and `netsh interface`. Not run on a
 * real machine. Its ping tells nothing of those who answer a group: what it does is that they ask for
 * our address, and so get into our neighbour table.
 */
export const win32: Platform = {
  echoCommand: (address, zone) => ({
    command: 'ping',
    args: ['-6', '-n', '1', '-w', '1000', `${address}%${zone}`],
  }),
  parseEchoReply,
  neighbourTables: [
    [
      {
        command: 'powershell',
        args: ['-NoProfile', '-NonInteractive', '-Command', getNeighbours],
        parse: parseNetNeighbor,
      },
    ],
    ['ipv6', 'ipv4'].map((family) => ({
      command: 'netsh',
      args: ['interface', family, 'show', 'neighbors'],
      parse: parseNetsh,
    })),
  ],
}

/**
 * The source address of `Reply from fe80::1%12: time<1ms`, in any language: an address before a
 * colon, and a time. Of one machine only, for a group is never named as a source.
 */
export function parseEchoReply(line: string): string | undefined {
  const from = /\s([0-9a-fA-F:.]*[:.][0-9a-fA-F:.]+?)(?:%\d+)?\s?:\s.*[<=]\s?\d+\s?ms/.exec(
    line,
  )?.[1]
  const address = from && normalizeAddress(from)
  return address?.startsWith('ff') ? undefined : address
}

/** MSFT_NetNeighbor's State: unreachable and incomplete, as a number or a word. */
const unreliable = new Set(['0', '1', 'Unreachable', 'Incomplete'])

interface NetNeighbor {
  InterfaceIndex?: number
  IPAddress?: string
  LinkLayerAddress?: string
  State?: number | string
}

/** What `Get-NetNeighbor ... | ConvertTo-Json` prints: an array, or a single object for a single entry. */
export function parseNetNeighbor(json: string): Neighbour[] {
  const entries = [JSON.parse(json.trim() || '[]') as NetNeighbor | NetNeighbor[]].flat()
  return entries.flatMap(({ InterfaceIndex, IPAddress = '', LinkLayerAddress = '', State }) =>
    unreliable.has(String(State)) ? [] : entry(IPAddress, LinkLayerAddress, InterfaceIndex),
  )
}

/** What `netsh interface ipv6 show neighbors` prints: a heading `Interface 12: Ethernet`, then address, MAC and state. */
export function parseNetsh(output: string): Neighbour[] {
  let index: number | undefined
  return output.split('\n').flatMap((line) => {
    const heading = /^\S.* (\d+): /.exec(line)?.[1]
    if (heading) index = Number(heading)
    // Unreachable ones have a word in the place of the MAC.
    const [address = '', lladdr = ''] = line.trim().split(/\s+/)
    return entry(address, lladdr, index)
  })
}

function entry(text: string, lladdr: string, index: number | undefined): Neighbour[] {
  const address = normalizeAddress(text)
  const mac = /^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/i.test(lladdr) && normalizeMac(lladdr)
  return address && mac && index ? [{ address, mac, link: String(index) }] : []
}
