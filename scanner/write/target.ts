import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'
import { type BlockDevice, blockDevices, deviceNumber, locateDevice } from './block-devices.ts'
import type { Source } from './blocks.ts'
import { withContents } from './contents.ts'
import { refusalOf } from './refusal.ts'

/** Offsets and lengths of O_DIRECT are multiples of the logical block size (open(2)): 512 or 4096 bytes. */
const directUnitBytes = 4096

/** What is written to: a block device, a file that is there, or one that is made. */
export interface Place {
  /** Symbolic links, such as those in `/dev/disk/by-id`, are followed. */
  path: string
  /** Undefined for a file. */
  device: BlockDevice | undefined
  isNew: boolean
}

/** Looks at what DEVICE means; throws a Failure when it must not be written over. */
export async function findPlace(typed: string): Promise<Place> {
  const stats = await statOf(typed)
  if (!stats) return newFile(typed)
  const path = await realpath(typed)
  if (stats.isFile()) return { path, device: undefined, isNew: false }
  if (!stats.isBlockDevice())
    throw new Failure(`${typed} is neither a disk nor a file`, {
      advice: "'scanner write' lists the disks that can be taken out",
    })
  return { path, device: await writableDevice(path, deviceNumber(stats.rdev)), isNew: false }
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  return stat(path, { bigint: true }).catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') return undefined
    throw new Failure(`cannot look at ${path}: ${errorMessage(cause)}`, { cause })
  })
}

/** A typing error in the name of a disk must not fill the memory that /dev is in. */
async function newFile(typed: string): Promise<Place> {
  const folder = await realpath(dirname(typed)).catch(() => undefined)
  if (folder === undefined || /^\/dev(?!\/shm)(\/|$)/.test(folder))
    throw new Failure(`there is no ${typed}`, { advice: "'scanner write' lists the disks" })
  return { path: `${folder}/${basename(typed)}`, device: undefined, isNew: true }
}

async function writableDevice(path: string, number: string): Promise<BlockDevice> {
  const located = locateDevice(await blockDevices(), number)
  if (!located) throw new Failure(`lsblk does not know ${path}, so nobody can tell what is on it`)
  const device = await withContents(located.device)
  const refusal = refusalOf({ ...located, device })
  if (!refusal) return device
  throw new Failure(`${path} is not written: ${refusal.reason}`, { advice: refusal.advice })
}

/** A place that is opened, and that nobody else has taken. */
export interface Target {
  /** Whether it is written and read past the system's cache. */
  isDirect: boolean
  /** Writes at a position in bytes that is a multiple of `blockBytes`. */
  write(block: Buffer, position: number): Promise<void>
  /** Waits until all is on the medium; a file ends after `bytes`. */
  finish(bytes: number): Promise<void>
  /** Reads it from its beginning. */
  read(): Source
  close(): Promise<void>
}

/**
 * Opens a place. A block device is opened exclusively: the kernel refuses (EBUSY) what is mounted,
 * also in another namespace, or held by swap, RAID or a mapping, and whoever would take it later.
 */
export async function openTarget(place: Place): Promise<Target> {
  const { path, device, isNew } = place
  const exclusive = device ? constants.O_EXCL : 0
  const created = isNew ? constants.O_CREAT | constants.O_EXCL : 0
  const flags = constants.O_RDWR | exclusive
  try {
    const handle = await open(path, flags | created | constants.O_DIRECT, 0o644)
    // For the end of an image, which may be no whole unit.
    const tail = await open(`/proc/self/fd/${handle.fd}`, constants.O_WRONLY)
    return target([handle, tail], handle, tail, true, !device)
  } catch (error) {
    // Some file systems know no O_DIRECT; then each write waits for the medium (O_DSYNC).
    if (errorCode(error) !== 'EINVAL') throw notOpened(path, error)
    const handle = await open(path, flags | constants.O_DSYNC)
    return target([handle], handle, handle, false, !device)
  }
}

function notOpened(path: string, cause: unknown): Failure {
  const code = errorCode(cause)
  if (code === 'EBUSY')
    return new Failure(`${path} is not written: the kernel says that it is in use`, {
      advice: `mounted in another namespace, perhaps: grep ${path} /proc/*/mountinfo`,
      cause,
    })
  const advice =
    code === 'EACCES' || code === 'EPERM' ? 'run it as root, with sudo for example' : ''
  return new Failure(`cannot open ${path}: ${errorMessage(cause)}`, { cause, advice })
}

function target(
  handles: readonly FileHandle[],
  handle: FileHandle,
  tail: FileHandle,
  isDirect: boolean,
  isFile: boolean,
): Target {
  return {
    isDirect,
    async write(block, position) {
      const whole = block.length - (block.length % directUnitBytes)
      await writeAll(handle, block.subarray(0, whole), position)
      await writeAll(tail, block.subarray(whole), position + whole)
    },
    async finish(bytes) {
      if (isFile) await handle.truncate(bytes)
      await handle.sync()
    },
    read: () => readFrom(handle),
    async close() {
      for (const each of handles) await each.close()
    },
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const left = bytes.length - done
    done += (await handle.write(bytes, done, left, position + done)).bytesWritten
  }
}

function readFrom(handle: FileHandle): Source {
  let position = 0
  return {
    async fill(block) {
      const { bytesRead } = await handle.read(block, 0, block.length, position)
      position += bytesRead
      return bytesRead
    },
  }
}
