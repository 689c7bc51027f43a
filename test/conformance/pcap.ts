import { addressText } from './bytes.ts'
import { type DnsMessage, parseMessage } from './dns.ts'

/** What went over a link, from tcpdump's file format: Ethernet, IPv4 or IPv6, UDP, DNS. */
export interface Packet {
  /** Milliseconds since 1970, as the kernel saw it. */
  at: number
  sourceMac: string
  family: 'IPv4' | 'IPv6'
  source: string
  destination: string
  sourcePort: number
  destinationPort: number
  /** Hop limit, or IPv4's TTL. */
  hops: number
  /** Whole IP packet, in bytes. */
  size: number
  /** A piece of a bigger one. */
  fragment: boolean
  payload: Buffer
  message: DnsMessage | undefined
  /** Why it is no message. */
  malformed: string | undefined
}

const nanosecondMagic = 0xa1b23c4d

/** Takes the bytes of a capture as they come, gives the UDP packets among them. */
export class PcapReader {
  #rest = Buffer.alloc(0)
  #started = false

  feed(bytes: Buffer): Packet[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    if (!this.#started && !this.#readFileHeader()) return []
    const packets: Packet[] = []
    while (this.#rest.length >= 16) {
      const length = this.#rest.readUInt32LE(8)
      if (this.#rest.length < 16 + length) break
      const at = this.#rest.readUInt32LE(0) * 1000 + this.#rest.readUInt32LE(4) / 1e6
      const packet = parseFrame(at, this.#rest.subarray(16, 16 + length))
      if (packet) packets.push(packet)
      this.#rest = this.#rest.subarray(16 + length)
    }
    return packets
  }

  #readFileHeader(): boolean {
    if (this.#rest.length < 24) return false
    if (this.#rest.readUInt32LE(0) !== nanosecondMagic || this.#rest.readUInt32LE(20) !== 1)
      throw new Error('expected a little-endian capture of Ethernet with nanoseconds')
    this.#rest = this.#rest.subarray(24)
    this.#started = true
    return true
  }
}

function parseFrame(at: number, frame: Buffer): Packet | undefined {
  const sourceMac = frame.toString('hex', 6, 12).replace(/..(?!$)/g, '$&:')
  const ip = frame.subarray(14)
  const etherType = frame.readUInt16BE(12)
  if (etherType === 0x0800) return parseIPv4(at, sourceMac, ip)
  return etherType === 0x86dd ? parseIPv6(at, sourceMac, ip) : undefined
}

function parseIPv4(at: number, sourceMac: string, ip: Buffer): Packet | undefined {
  if (ip[9] !== 17) return undefined
  const size = ip.readUInt16BE(2)
  const fragment = (ip.readUInt16BE(6) & 0x3fff) !== 0
  const [source, destination] = [addressText(ip.subarray(12, 16)), addressText(ip.subarray(16, 20))]
  const udp = ip.subarray(((ip[0] ?? 0) & 15) * 4, size)
  const network = { at, sourceMac, family: 'IPv4' as const, source, destination, size, fragment }
  return { ...network, hops: ip[8] ?? 0, ...parseUdp(udp, fragment) }
}

function parseIPv6(at: number, sourceMac: string, ip: Buffer): Packet | undefined {
  const next = ip[6]
  const fragment = next === 44
  if (next !== 17 && !(fragment && ip[40] === 17)) return undefined
  const size = 40 + ip.readUInt16BE(4)
  const [source, destination] = [addressText(ip.subarray(8, 24)), addressText(ip.subarray(24, 40))]
  const udp = ip.subarray(fragment ? 48 : 40, size)
  const network = { at, sourceMac, family: 'IPv6' as const, source, destination, size, fragment }
  return { ...network, hops: ip[7] ?? 0, ...parseUdp(udp, fragment) }
}

type Transport = Pick<
  Packet,
  'sourcePort' | 'destinationPort' | 'payload' | 'message' | 'malformed'
>

function parseUdp(udp: Buffer, fragment: boolean): Transport {
  if (fragment || udp.length < 8) {
    const malformed = fragment ? 'a fragment' : 'no UDP header'
    return { sourcePort: 0, destinationPort: 0, payload: udp, message: undefined, malformed }
  }
  const payload = udp.subarray(8)
  const ports = { sourcePort: udp.readUInt16BE(0), destinationPort: udp.readUInt16BE(2), payload }
  try {
    return { ...ports, message: parseMessage(payload), malformed: undefined }
  } catch (error) {
    const malformed = error instanceof Error ? error.message : String(error)
    return { ...ports, message: undefined, malformed }
  }
}
