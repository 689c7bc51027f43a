import { type BlockDevice, family, type Located } from './block-devices.ts'

/** Why a device is not written, and what to do about it. */
export interface Refusal {
  reason: string
  advice: string
}

/** Where the system that runs is mounted from (hier(7); `/nix` is NixOS's). */
const systemFolders = new Set([
  '/',
  '/boot',
  '/boot/efi',
  '/efi',
  '/usr',
  '/var',
  '/nix',
  '/nix/store',
])
const swapInUse = '[SWAP]'
/** What is on a part of a set, as blkid calls it, that does not end in `_member`. */
const setContents = new Set(['crypto_LUKS', 'bcache', 'BitLocker', 'ceph_bluestore'])

/** Why a device must not be written over; undefined when it may. The first reason is the gravest. */
export function refusalOf({ device, disks }: Located): Refusal | undefined {
  return ownDisk(disks) ?? inUse(device) ?? held(device) ?? inSet(device) ?? unfit(device)
}

/** The same for an image of this size, as far as it is known. */
export function tooSmall({ path, bytes }: BlockDevice, imageBytes = 0): Refusal | undefined {
  if (imageBytes <= bytes) return undefined
  return {
    reason: `the image has ${imageBytes} bytes, and ${path} only ${bytes}`,
    advice: 'take a larger one',
  }
}

function ownDisk(disks: readonly BlockDevice[]): Refusal | undefined {
  const own = disks.flatMap(family).find(({ mountpoint }) => systemFolders.has(mountpoint ?? ''))
  if (!own) return undefined
  return {
    reason: `this system runs from that disk: ${own.path} is mounted at ${own.mountpoint}`,
    advice: "'scanner write' lists the removable ones",
  }
}

function inUse(device: BlockDevice): Refusal | undefined {
  const used = family(device).find(({ mountpoint }) => mountpoint !== undefined)
  if (!used) return undefined
  const { path, mountpoint } = used
  if (mountpoint === swapInUse)
    return { reason: `${path} is swap in use`, advice: `is it the right one? swapoff ${path}` }
  return {
    reason: `${path} is mounted at ${mountpoint}`,
    advice: `is it the right one? umount ${path}`,
  }
}

function held(device: BlockDevice): Refusal | undefined {
  const holder = family(device).find((each) => each !== device && each.type !== 'part')
  if (!holder) return undefined
  return {
    reason: `${holder.path} (${holder.type}) is made of it`,
    advice: `is it the right one? stop ${holder.name} first`,
  }
}

function inSet(device: BlockDevice): Refusal | undefined {
  const member = family(device).find(
    ({ content }) => content.endsWith('_member') || setContents.has(content),
  )
  if (!member) return undefined
  return {
    reason: `${member.path} is part of a RAID, LVM, ZFS or encrypted set (${member.content})`,
    advice: `is nothing of it needed any more? wipefs --all ${member.path}`,
  }
}

function unfit({ path, bytes, readOnly }: BlockDevice): Refusal | undefined {
  if (readOnly)
    return { reason: `${path} is read-only`, advice: 'has it a switch against writing?' }
  if (bytes === 0) return { reason: `there is no medium in ${path}`, advice: 'put one in' }
  return undefined
}
