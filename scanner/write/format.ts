import { Failure } from '../../common/failure.ts'

/** What an image is packed with. */
export type Packing = 'none' | 'gzip' | 'xz' | 'zstd'

/** How many bytes of the beginning tell: a boot sector. */
export const headBytes = 512

/** The first bytes of packed files: RFC 1952 section 2.3.1, the .xz format 2.1.1.1, RFC 8878 section 3.1.1. */
const magics: [Exclude<Packing, 'none'>, string][] = [
  ['gzip', '1f8b08'],
  ['xz', 'fd377a585a00'],
  ['zstd', '28b52ffd'],
]
const endings: Record<string, Packing> = { gz: 'gzip', xz: 'xz', zst: 'zstd' }
/** Those that nothing here unpacks: an image does not begin so. */
const others: [string, string, string][] = [
  ['a zip archive', '504b0304', 'unzip'],
  ['packed by bzip2', '425a68', 'bunzip2'],
  ['a 7z archive', '377abcaf271c', '7z x'],
]

/**
 * What the first `headBytes` of an image say of its packing, whatever its name. Throws a Failure for an
 * archive, and for a name that promises what the content is not: a page with an error in it, mostly.
 */
export function packingOf(path: string, head: Buffer): Packing {
  const startsWith = (magic: string) => head.toString('hex', 0, magic.length / 2) === magic
  const packing = magics.find(([, magic]) => startsWith(magic))?.[0] ?? 'none'
  const other = others.find(([, magic]) => startsWith(magic))
  if (other)
    throw new Failure(`${path} is ${other[0]}, and no image`, {
      advice: `unpack it first: ${other[2]}; .gz, .xz and .zst are unpacked here`,
    })
  const promised = endings[/\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? '']
  if (packing === 'none' && promised)
    throw new Failure(`${path} is named as packed by ${promised}, but does not begin so`, {
      advice: 'download it once more, and look into it: it may hold an error message',
    })
  return packing
}

/** Whether firmware may boot from an image that begins so: the signature that ends every boot sector, also a GPT's. */
export function hasBootSector(head: Buffer): boolean {
  return head.length >= headBytes && head.readUInt16BE(510) === 0x55aa
}

/**
 * The unpacked size that the first frame of a zstd file tells, in bytes (RFC 8878 section 3.1.1.1): at least so
 * much comes out, for more frames may follow. Undefined when it does not tell.
 */
export function zstdContentBytes(head: Buffer): number | undefined {
  const descriptor = head.readUInt8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes
  if (sizeBytes === 0 || head.length < at + sizeBytes) return undefined
  if (sizeBytes === 8) return Number(head.readBigUInt64LE(at))
  return head.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
}
