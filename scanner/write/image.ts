import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { errorMessage, Failure } from '../../common/failure.ts'
import { chunkSource, type Source } from './blocks.ts'
import { hasBootSector, headBytes, type Packing, packingOf, zstdContentBytes } from './format.ts'
import { findUnpacker, xzContentBytes } from './unpack.ts'

/** A chunk of a packed file: larger than the buffers of what unpacks it gains nothing. */
const chunkBytes = 256 * 1024

/** An image that is opened, and can be read more than once. */
export interface Image {
  path: string
  packing: Packing
  /** Of the file as it lies there. */
  fileBytes: number
  /** Of what is written, as far as it is known before: exact for a plain image and for xz, else at least that. */
  knownBytes: number | undefined
  /** Whether a machine may boot from it; undefined for one that is packed. */
  isBootable: boolean | undefined
  read(signal: AbortSignal): Reading
  close(): Promise<void>
}

/** One passage through an image, from its beginning. */
export interface Reading extends Source {
  /** How much of the file was read so far. */
  fileBytesRead(): number
  /** SHA-256 of the file as it lies there, for one that is packed and was read to its end. */
  fileHash(): string | undefined
  /** Ends it before its end. */
  stop(): Promise<void>
}

/** Opens an image, and makes sure that it can be unpacked; throws a Failure that says why not. */
export async function openImage(path: string): Promise<Image> {
  const handle = await openToRead(path)
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw new Failure(`expected an image, but ${path} is no regular file`)
    if (stats.size === 0) throw new Failure(`${path} is empty`, { advice: 'download it once more' })
    const head = Buffer.alloc(headBytes)
    const { bytesRead } = await handle.read(head, 0, headBytes, 0)
    return await describe(path, handle, stats.size, head.subarray(0, bytesRead))
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await open(path)
  } catch (cause) {
    throw new Failure(`cannot read the image: ${errorMessage(cause)}`, { cause })
  }
}

async function describe(
  path: string,
  handle: FileHandle,
  fileBytes: number,
  head: Buffer,
): Promise<Image> {
  const packing = packingOf(path, head)
  const image = { path, packing, fileBytes, close: () => handle.close() }
  if (packing === 'none')
    return {
      ...image,
      knownBytes: fileBytes,
      isBootable: hasBootSector(head),
      read: () => readPlain(path, handle),
    }
  const unpack = await findUnpacker(packing)
  return {
    ...image,
    knownBytes: await contentBytes(path, packing, head),
    isBootable: undefined,
    read: (signal) => readPacked(path, handle, fileBytes, (packed) => unpack(packed, signal)),
  }
}

async function contentBytes(path: string, packing: Packing, head: Buffer) {
  if (packing === 'xz') return xzContentBytes(path)
  return packing === 'zstd' ? zstdContentBytes(head) : undefined
}

function readPlain(path: string, handle: FileHandle): Reading {
  let position = 0
  return {
    async fill(block) {
      let filled = 0
      while (filled < block.length) {
        const count = await readAt(path, handle, block.subarray(filled), position)
        if (count === 0) break
        filled += count
        position += count
      }
      return filled
    },
    fileBytesRead: () => position,
    fileHash: () => undefined,
    stop: async () => {},
  }
}

function readPacked(
  path: string,
  handle: FileHandle,
  fileBytes: number,
  unpack: (packed: AsyncIterable<Buffer>) => AsyncIterable<Buffer>,
): Reading {
  const hash = createHash('sha256')
  let position = 0
  async function* packed() {
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkBytes)
      const count = await readAt(path, handle, chunk, position)
      if (count === 0) return
      position += count
      hash.update(chunk.subarray(0, count))
      yield chunk.subarray(0, count)
    }
  }
  const unpacked = unpack(packed())[Symbol.asyncIterator]()
  return {
    ...chunkSource(unpacked),
    fileBytesRead: () => position,
    fileHash: () => (position === fileBytes ? hash.digest('hex') : undefined),
    stop: async () => void (await unpacked.return?.()),
  }
}

async function readAt(path: string, handle: FileHandle, into: Buffer, position: number) {
  try {
    return (await handle.read(into, 0, into.length, position)).bytesRead
  } catch (cause) {
    throw new Failure(`cannot read ${path} beyond its first ${position} bytes`, {
      advice: errorMessage(cause),
      cause,
    })
  }
}
