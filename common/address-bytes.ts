import { isIPv4, isIPv6 } from 'node:net'

/** Addresses as text and as bytes in network order. */

/** 4 or 16 bytes (RFC 4291 section 2.2); undefined when the text is no address. A zone is none of it. */
export function parseAddress(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number))
  if (!isIPv6(text) || text.includes('%')) return undefined
  const [before = [], after = []] = text.split('::').map(groupBytes)
  const zeros = Array(16 - before.length - after.length).fill(0)
  return Buffer.from([...before, ...zeros, ...after])
}

/** The last four bytes may be written as those of IPv4. */
function groupBytes(text: string): number[] {
  const groups = text.split(':').filter((group) => group !== '')
  return groups.flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const number = Number.parseInt(group, 16)
    return [number >> 8, number & 0xff]
  })
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex')

/** In the one spelling that is recommended (RFC 5952): no leading zeros, the longest run of zeros left out. */
export function spellAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  // Section 5: an IPv4-mapped address is known by its prefix.
  if (bytes.subarray(0, 12).equals(mappedPrefix)) return `::ffff:${bytes.subarray(12).join('.')}`
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16))
  const text = groups.join(':')
  // Section 4.2: not a single zero; the first of equal runs.
  const runs = [...text.matchAll(/\b0(:0)+\b/g)]
  const [longest] = runs.sort(([a], [b]) => b.length - a.length)
  if (!longest) return text
  const before = text.slice(0, longest.index)
  const after = text.slice(longest.index + longest[0].length)
  return `${before || ':'}${after || ':'}`
}
