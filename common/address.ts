import { SocketAddress } from 'node:net'
import { staticLinkLocal } from './contract.ts'
import { Recall } from './recall.ts'

export type AddressKind = 'eui64' | 'static' | 'lla' | 'ula' | 'gua' | 'ipv4' | 'ipv4ll'

/** From the most to the least wanted: the card's own first, the one that may move to another machine last. */
export const addressPreference: AddressKind[] = [
  'eui64',
  'lla',
  'gua',
  'ula',
  'ipv4',
  'ipv4ll',
  'static',
]

/** Cuts `fe80::47%eno1` into address and zone (RFC 4007 section 11). */
export function splitZone(text: string): { address: string; zone: string | undefined } {
  const at = text.indexOf('%')
  return at < 0
    ? { address: text, zone: undefined }
    : { address: text.slice(0, at), zone: text.slice(at + 1) }
}

/**
 * The one spelling of an address that is compared and shown (RFC 5952), without zone;
 * undefined when the text is no address.
 */
export function normalizeAddress(text: string): string | undefined {
  const { address } = splitZone(text)
  return normalized.get(address, () => spell(address))
}

/** As inet_ntop(3) does, and so the kernel and iproute2. Not by `isIP`, whose pattern takes Node 20 ms. */
function spell(address: string): string | undefined {
  // What is no address is mostly a name; and C ends a text where it has a NUL.
  if (/[^0-9a-f:.]/i.test(address)) return undefined
  try {
    return new SocketAddress({ address, family: isIPv4(address) ? 'ipv4' : 'ipv6' }).address
  } catch {
    return undefined
  }
}

/** Of each of 1,000 machines the same is wanted twenty times. */
const maxKnown = 4096
const normalized = new Recall<string | undefined>(maxKnown)
const known = new Recall<Buffer>(maxKnown)
const macs = new Recall<string | undefined>(maxKnown)

export function isIPv4(address: string): boolean {
  return !address.includes(':')
}

/** fe80::/10 (RFC 4291 section 2.4), of an address. */
export function isLinkLocal6(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address)
}

/** Address bytes in network order, to read only: 4 or 16 of them. Throws on anything but an address. */
export function addressBytes(address: string): Buffer {
  return known.get(address, () => readBytes(address))
}

function readBytes(address: string): Buffer {
  const spelled = normalizeAddress(address)
  if (spelled === undefined) throw new TypeError(`expected an address, got '${address}'`)
  return isIPv4(spelled) ? bytesOf4(spelled) : bytesOf6(spelled)
}

function bytesOf4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

/** RFC 4291 section 2.2: `::` stands for the groups that are not written; the last two may be an IPv4 address. */
function bytesOf6(address: string): Buffer {
  const bytes = Buffer.alloc(16)
  const [head = [], tail = []] = address.split('::').map(groupsOf)
  for (const [index, group] of head.entries()) bytes.writeUInt16BE(group, 2 * index)
  const at = bytes.length - 2 * tail.length
  for (const [index, group] of tail.entries()) bytes.writeUInt16BE(group, at + 2 * index)
  return bytes
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text
    .replace(/[^:]+\..*$/, (ipv4) => bytesOf4(ipv4).toString('hex').replace(/^..../, '$&:'))
    .split(':')
    .map((group) => Number.parseInt(group, 16))
}

/** Whether `address` lies in `network/prefixLength`; false across families. */
export function inPrefix(address: string, network: string, prefixLength: number): boolean {
  const [a, b] = [addressBytes(address), addressBytes(network)]
  const whole = prefixLength >> 3
  const rest = (0xff00 >> (prefixLength & 7)) & 0xff
  return (
    a.length === b.length &&
    a.compare(b, 0, whole, 0, whole) === 0 &&
    (rest === 0 || ((a.readUInt8(whole) ^ b.readUInt8(whole)) & rest) === 0)
  )
}

/**
 * Whether `address` can be a host's in `network/prefixLength`: neither the first, which means the
 * network or any of its routers (RFC 4291 section 2.6.1), nor IPv4's last, the broadcast.
 */
export function isHostIn(address: string, network: string, prefixLength: number): boolean {
  if (!inPrefix(address, network, prefixLength)) return false
  const bytes = addressBytes(address)
  // Point-to-point prefixes have hosts only (RFC 3021, RFC 6164).
  if (bytes.length * 8 - prefixLength < 2) return true
  const hostBits = (index: number) => 0xff >> Math.min(8, Math.max(0, prefixLength - 8 * index))
  const isAll = (value: number) =>
    bytes.every((byte, index) => (byte & hostBits(index)) === (value & hostBits(index)))
  return !isAll(0) && !(isIPv4(address) && isAll(0xff))
}

/** What sort of address it is; `eui64` is a link-local address made from a 48-bit MAC. */
export function addressKind(address: string): AddressKind {
  if (isIPv4(address)) return address.startsWith('169.254.') ? 'ipv4ll' : 'ipv4'
  if (address === staticLinkLocal) return 'static'
  if (isLinkLocal6(address)) return macFromLinkLocal(address) ? 'eui64' : 'lla'
  return /^f[cd]..:/i.test(address) ? 'ula' : 'gua'
}

/** Lower-case `52:54:00:12:34:56`, or undefined when it is no usable 48-bit unicast MAC. */
export function normalizeMac(text: string): string | undefined {
  const digits = text.toLowerCase().replace(/[:-]/g, '')
  if (!/^[0-9a-f]{12}$/.test(digits) || /^0{12}$/.test(digits)) return undefined
  if (Number.parseInt(digits.slice(0, 2), 16) & 1) return undefined
  return digits.match(/../g)?.join(':')
}

/**
 * EUI-64 of a card, 16 hex digits: the MAC with ff:fe in its middle. This is the identity that is
 * announced; only the address has the universal/local bit inverted (RFC 4291 appendix A).
 */
export function eui64FromMac(mac: string): string {
  const digits = mac.replaceAll(':', '')
  if (digits.length !== 12) throw new TypeError(`expected a 48-bit MAC address, got '${mac}'`)
  return `${digits.slice(0, 6)}fffe${digits.slice(6)}`
}

/** `fe80::/64` with the modified EUI-64 of the MAC as interface identifier (RFC 4862 section 5.3). */
export function linkLocalFromMac(mac: string): string {
  const id = Buffer.from(eui64FromMac(mac), 'hex')
  id.writeUInt8(id.readUInt8(0) ^ universalLocalBit)
  const groups = id.toString('hex').match(/..../g) ?? []
  return normalizeAddress(`fe80::${groups.join(':')}`) ?? ''
}

/** Inverted between a MAC and the interface identifier made of it (RFC 4291 section 2.5.1). */
const universalLocalBit = 0x02

/** The MAC inside an EUI-64 link-local address; undefined for any other address. */
export function macFromLinkLocal(address: string): string | undefined {
  if (!isLinkLocal6(address)) return undefined
  return macs.get(address, () => readMac(address))
}

function readMac(address: string): string | undefined {
  const id = addressBytes(address).subarray(8)
  if (id.readUInt16BE(3) !== 0xfffe) return undefined
  const first = Buffer.from([id.readUInt8(0) ^ universalLocalBit])
  return normalizeMac(Buffer.concat([first, id.subarray(1, 3), id.subarray(5)]).toString('hex'))
}

/** Adds the zone where the address means nothing without it. */
export function withZone(address: string, zone: string): string {
  return isLinkLocal6(address) ? `${address}%${zone}` : address
}

/** Name of the reverse-mapping record (RFC 1035 section 3.5, RFC 3596 section 2.5). */
export function reverseName(address: string): string {
  const bytes = [...addressBytes(address)].reverse()
  if (isIPv4(address)) return `${bytes.join('.')}.in-addr.arpa`
  const nibbles = bytes.flatMap((byte) => [byte & 15, byte >> 4])
  return `${nibbles.map((nibble) => nibble.toString(16)).join('.')}.ip6.arpa`
}
