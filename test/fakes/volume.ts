import type { Mount, Volume } from '../../scanner/install/disks.ts'
import type { Situation } from '../../scanner/install/survey.ts'

/** A partition of 20 GiB, with a file system. */
export function fakeVolume(over: Partial<Volume> = {}): Volume {
  const kernelName = over.kernelName ?? 'sda2'
  return {
    path: `/dev/${kernelName}`,
    kernelName,
    number: `8:${/\d+$/.exec(kernelName)?.[0] ?? 0}`,
    type: 'part',
    bytes: 20 * 2 ** 30,
    readOnly: false,
    model: 'Disk 9000',
    content: 'ext4',
    label: 'nixos',
    uuid: '',
    partLabel: '',
    partUuid: '',
    isSystemPartition: false,
    depth: 1,
    isDivided: false,
    ...over,
  }
}

/** A machine with a disk as the guide has it: boot, root and swap. */
export function fakeSituation(over: Partial<Situation> = {}): Situation {
  const part = { depth: 0, type: 'disk', content: '', label: '', isDivided: true }
  return {
    volumes: [
      fakeVolume({ kernelName: 'sda', ...part }),
      fakeVolume({ kernelName: 'sda1', content: 'vfat', label: 'boot', isSystemPartition: true }),
      fakeVolume({ uuid: 'aaaa-bb' }),
      fakeVolume({ kernelName: 'sda3', content: 'swap', label: 'swap' }),
    ],
    mounts: [{ target: '/', source: 'tmpfs', type: 'tmpfs', number: '0:20' }],
    swaps: [],
    firmware: 'uefi',
    links: new Map(),
    usesSudo: true,
    ...over,
  }
}

export function fakeMount(target: string, source: string, over: Partial<Mount> = {}): Mount {
  return { target, source, type: 'ext4', number: '0:99', ...over }
}
