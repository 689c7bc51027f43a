import type { Mount, Volume } from './disks.ts'

/** What can be seen at a place: of several mounts there the last. */
export function mountAt(target: string, mounts: readonly Mount[]): Mount | undefined {
  return mounts.findLast((mount) => mount.target === target)
}

/** Where a volume is mounted. btrfs shows a number of its own, so its source tells as well. */
export function mountsOf(volume: Volume, mounts: readonly Mount[]): Mount[] {
  return mounts.filter((mount) => isOf(mount, volume))
}

export function isOf(
  { source, number }: Mount,
  { path, kernelName, number: own }: Volume,
): boolean {
  return number === own || source === path || source === `/dev/${kernelName}`
}
