import { Failure } from '../../common/failure.ts'
import { volumeLine } from './disk-table.ts'
import type { Volume } from './disks.ts'

type Tag = 'label' | 'uuid' | 'partLabel' | 'partUuid'

/** The tags of fstab(5), and the folders of /dev/disk that are named for them. */
const tags: Record<string, Tag> = {
  label: 'label',
  uuid: 'uuid',
  partlabel: 'partLabel',
  partuuid: 'partUuid',
}

/**
 * The one volume that a name means: a path, `LABEL=nixos` and its like (fstab(5)), a path below
 * /dev/disk/by-..., or a bare name of any of these kinds. `links` has where other paths lead to there.
 * Throws a Failure when none fits, or more than one. Pure.
 */
export function findVolume(
  volumes: readonly Volume[],
  wanted: string,
  links: ReadonlyMap<string, string>,
  option: string,
): Volume {
  const fitting = candidates(volumes, wanted, links)
  const [volume, ...others] = fitting
  if (volume === undefined)
    throw new Failure(`no device fits '${option} ${wanted}'`, {
      advice: `it has ${list(volumes) || 'no disks'}`,
    })
  if (others.length > 0)
    throw new Failure(`'${option} ${wanted}' fits ${fitting.length} devices: ${list(fitting)}`, {
      advice: `name one by its path, for example ${option} ${volume.path}`,
    })
  return volume
}

function candidates(
  volumes: readonly Volume[],
  wanted: string,
  links: ReadonlyMap<string, string>,
): Volume[] {
  const tagged = readTag(wanted)
  if (tagged) return volumes.filter((volume) => hasTag(volume, ...tagged))
  if (wanted.startsWith('/')) {
    const paths = [wanted, links.get(wanted) ?? wanted]
    return volumes.filter((each) =>
      [each.path, `/dev/${each.kernelName}`].some((path) => paths.includes(path)),
    )
  }
  return volumes.filter(
    (each) =>
      each.kernelName === wanted ||
      each.path === `/dev/${wanted}` ||
      Object.values(tags).some((tag) => hasTag(each, tag, wanted)),
  )
}

/** `LABEL=nixos` or `/dev/disk/by-label/nixos`, as a tag and its value; undefined for anything else. */
function readTag(wanted: string): [Tag, string] | undefined {
  const [, name, value = ''] = /^([A-Za-z]+)=(.*)$/s.exec(wanted) ?? []
  const [, folder, file = ''] = /^\/dev\/disk\/by-([a-z]+)\/(.+)$/s.exec(wanted) ?? []
  const tag = tags[(name ?? folder ?? '').toLowerCase()]
  return tag && [tag, name === undefined ? decode(file) : value]
}

/** udev writes a character that no file name should have as `\x20` (udev(7), ENV{ID_FS_LABEL_ENC}). */
function decode(file: string): string {
  const bytes = file.replace(/\\x([0-9a-f]{2})/gi, (_, digits) => `%${digits}`)
  try {
    return bytes === file ? file : decodeURIComponent(bytes)
  } catch {
    return file
  }
}

function hasTag(volume: Volume, tag: Tag, value: string): boolean {
  const isName = tag === 'label' || tag === 'partLabel'
  const same = isName ? volume[tag] === value : volume[tag].toLowerCase() === value.toLowerCase()
  return value !== '' && same
}

function list(volumes: readonly Volume[]): string {
  return volumes.map(volumeLine).join(', ')
}
