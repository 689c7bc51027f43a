import { Failure } from '../../common/failure.ts'
import { volumeLine } from './disk-table.ts'
import type { Volume } from './disks.ts'
import { findVolume } from './find-volume.ts'
import { isOf, mountAt, mountsOf } from './mounts.ts'
import type { Situation } from './survey.ts'

/** What is to be mounted, as it was typed. */
export interface Wish {
  root: string
  boot?: string | undefined
  swap?: string | undefined
  /** An absolute path without a slash at its end. */
  target: string
}

/** One thing to do there. */
export interface Step {
  /** For people; empty for what goes without saying. */
  text: string
  /** The command. */
  words: string[]
  /** The command that takes it back. */
  undo: string[]
  /** A test: where it succeeds nothing is done, nor taken back. */
  unless?: string[]
}

export interface Plan {
  steps: Step[]
  /** What is as it should be already. */
  present: string[]
  warnings: string[]
}

/**
 * What is to be done for the mounts of the guide: the root file system at the target, the boot one
 * below it, swap switched on. What is there already is left alone. Throws a Failure when something
 * else is there, or a device is not fit. Pure.
 */
export function planMounts(wish: Wish, situation: Situation): Plan {
  const { volumes, links, swaps } = situation
  const find = (name: string, option: string) => findVolume(volumes, name, links, option)
  const root = find(wish.root, '--root')
  const boot = wish.boot === undefined ? undefined : find(wish.boot, '--boot')
  const swap = wish.swap === undefined ? undefined : find(wish.swap, '--swap')
  refuseTwice([root, boot, swap])
  const plan: Plan = { steps: [], present: [], warnings: [] }
  mount(plan, root, wish.target, [], situation, '--root')
  if (boot) mount(plan, boot, `${wish.target}/boot`, bootOptions(boot), situation, '--boot')
  if (swap) switchOn(plan, swap, swaps)
  plan.warnings.push(...bootWarnings(boot, wish, situation))
  return plan
}

/** The first file that systemd-boot writes is a secret, and vfat has no modes (NixOS manual, Installation). */
function bootOptions({ content }: Volume): string[] {
  return content === 'vfat' ? ['-o', 'umask=077'] : []
}

function refuseTwice(volumes: readonly (Volume | undefined)[]): void {
  const paths = volumes.flatMap((volume) => volume?.path ?? [])
  const twice = paths.find((path, at) => paths.indexOf(path) !== at)
  if (twice)
    throw new Failure(`${twice} is named for two things`, {
      advice: '--root, --boot and --swap take a device each',
    })
}

function mount(
  plan: Plan,
  volume: Volume,
  target: string,
  options: string[],
  { mounts }: Situation,
  option: string,
): void {
  const there = mountAt(target, mounts)
  if (there && isOf(there, volume)) {
    plan.present.push(`${volumeLine(volume)} is mounted at ${target} already`)
    return
  }
  if (there)
    throw new Failure(`something else is mounted at ${target}: ${there.source} (${there.type})`, {
      advice: `'umount ${target}' there, or choose another place by --target`,
    })
  refuseUnfit(volume, option)
  const [elsewhere] = mountsOf(volume, mounts)
  if (elsewhere)
    throw new Failure(`${volumeLine(volume)} is mounted at ${elsewhere.target}`, {
      advice:
        elsewhere.target.startsWith('/mnt') || elsewhere.target.startsWith('/media')
          ? `'umount ${elsewhere.target}' there first`
          : 'the live system itself may run from it: is it the right device?',
    })
  plan.steps.push(
    {
      text: '',
      words: ['mkdir', '-p', target],
      undo: ['rmdir', target],
      unless: ['test', '-d', target],
    },
    {
      text: `mount ${volumeLine(volume)} at ${target}`,
      words: ['mount', ...options, volume.path, target],
      undo: ['umount', target],
    },
  )
}

/** What has to be done about content that is no file system. */
const wrappings: Record<string, string> = {
  crypto_LUKS: "it is encrypted: 'cryptsetup open' it first, and name what that makes",
  LVM2_member: "it is part of an LVM group: 'vgchange -ay', and name a logical volume",
  linux_raid_member: "it is part of a RAID: 'mdadm --assemble --scan', and name the array",
  zfs_member: "it is part of a ZFS pool: 'zpool import -R /mnt' and mount its datasets by hand",
  swap: 'it is swap: that is for --swap',
}

function refuseUnfit(volume: Volume, option: string): void {
  const { path, content, isDivided, readOnly } = volume
  const refuse = (what: string, advice: string) => {
    throw new Failure(`${volumeLine(volume)} ${what}`, { advice })
  }
  if (isDivided && content === '')
    refuse('has partitions, and no file system itself', `name one of them, as ${option} ${path}1`)
  if (content === '')
    refuse(
      'has no file system',
      'nothing is formatted or partitioned here: mkfs.ext4 -L nixos, mkfs.fat -F 32 -n boot',
    )
  const wrapping = wrappings[content]
  if (wrapping) refuse('has no file system that can be mounted', wrapping)
  if (readOnly) refuse('is read-only', 'a write-protect switch, or the medium itself')
}

function switchOn(plan: Plan, volume: Volume, swaps: readonly string[]): void {
  const names = [volume.path, `/dev/${volume.kernelName}`]
  if (swaps.some((each) => names.includes(each))) {
    plan.present.push(`swap on ${volumeLine(volume)} is on already`)
    return
  }
  if (volume.content !== 'swap')
    throw new Failure(`${volumeLine(volume)} is no swap`, {
      advice: `nothing is formatted here: mkswap -L swap ${volume.path}`,
    })
  plan.steps.push({
    text: `switch swap on at ${volumeLine(volume)}`,
    words: ['swapon', volume.path],
    undo: ['swapoff', volume.path],
  })
}

function bootWarnings(
  boot: Volume | undefined,
  { target }: Wish,
  { firmware, volumes, mounts }: Situation,
): string[] {
  if (firmware === 'bios') return []
  if (boot)
    return boot.content === 'vfat'
      ? []
      : [`this machine boots by UEFI, which reads no ${boot.content}: ${boot.path} should be vfat`]
  if (mounts.some((mount) => mount.target.startsWith(`${target}/`) && mount.type === 'vfat'))
    return []
  const fit = volumes.filter(
    (each) => each.isSystemPartition || each.label.toLowerCase() === 'boot',
  )
  const proposal = fit.length > 0 ? fit.map(volumeLine).join(' or ') : 'a vfat partition'
  return [
    `this machine boots by UEFI, and without --boot nothing will boot it: name its EFI system partition (${proposal})`,
  ]
}
