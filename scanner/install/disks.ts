/** A disk, a partition, or what is made of them, on the machine. */
export interface Volume {
  /** `/dev/sda2`. */
  path: string
  /** Its name to the kernel, `sda2` or `dm-0`. */
  kernelName: string
  /** Major and minor number, `8:2`: it may have many names, but one of these. */
  number: string
  /** `disk`, `part`, `loop`, `rom`, or how it is made of others: `lvm`, `crypt`, `raid1` ... */
  type: string
  bytes: number
  readOnly: boolean
  /** Of itself or of the disk that it is on; empty when unknown. */
  model: string
  /** Kind of file system, or of a set that it is part of; empty when there is none. */
  content: string
  label: string
  uuid: string
  partLabel: string
  partUuid: string
  /** Whether its partition says that it is for UEFI to boot from. */
  isSystemPartition: boolean
  /** How deep it lies in what it is made of: 0 for a disk. */
  depth: number
  /** Whether it has partitions, or something is made of it. */
  isDivided: boolean
}

/** Something that is mounted there, in the order in which it was. */
export interface Mount {
  target: string
  /** Without the `[/subvolume]` that findmnt adds. */
  source: string
  type: string
  number: string
}

export const volumeColumns =
  'NAME,KNAME,PATH,MAJ:MIN,TYPE,SIZE,RO,MODEL,FSTYPE,LABEL,UUID,PARTLABEL,PARTUUID,PARTTYPE'
export const mountColumns = 'TARGET,SOURCE,FSTYPE,MAJ:MIN'

/** UEFI Specification 2.10 section 5.3.3: the type of an EFI system partition. */
const systemPartition = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b'

type Json = Record<string, unknown>

/** What `lsblk -J -b -o volumeColumns` prints, a volume that is made of several once. Throws for what is no JSON. */
export function parseVolumes(json: string): Volume[] {
  const volumes = listIn(json, 'blockdevices').flatMap((each) => readVolume(each, 0, ''))
  return volumes.filter(({ path }, at) => volumes.findIndex((each) => each.path === path) === at)
}

/**
 * The volumes with what `blkid -o export` found on them: lsblk takes that from udev, and where none runs,
 * as in a container, it knows nothing.
 */
export function withProbes(volumes: readonly Volume[], probes: string): Volume[] {
  const found = probes.split('\n\n').map((block) => new Map(block.split('\n').map(readPair)))
  return volumes.map((volume) => {
    const probe = found.find((each) => each.get('DEVNAME') === volume.path)
    const tell = (known: string, name: string) => known || (probe?.get(name) ?? '')
    return {
      ...volume,
      content: tell(volume.content, 'TYPE'),
      label: tell(volume.label, 'LABEL'),
      uuid: tell(volume.uuid, 'UUID'),
      partLabel: tell(volume.partLabel, 'PARTLABEL'),
      partUuid: tell(volume.partUuid, 'PARTUUID'),
    }
  })
}

/** `LABEL=my\ disk`: a backslash before what means something to a shell (blkid(8)). */
function readPair(line: string): [string, string] {
  const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? []
  return [name, value.replace(/\\(.)/g, '$1')]
}

/** What `findmnt -J --list -o mountColumns` prints. Throws for what is no JSON. */
export function parseMounts(json: string): Mount[] {
  return listIn(json, 'filesystems').map((mount) => ({
    target: text(mount.target),
    source: text(mount.source).replace(/\[.*\]$/s, ''),
    type: text(mount.fstype),
    number: text(mount['maj:min']),
  }))
}

/** The devices in use as swap, as /proc/swaps lists them (proc(5)). */
export function parseSwaps(table: string): string[] {
  return table.split('\n').flatMap((line) => /^(\/\S+)\s/.exec(line)?.[1] ?? [])
}

function readVolume(listed: Json, depth: number, modelAbove: string): Volume[] {
  const model = text(listed.model) || modelAbove
  const parts = children(listed)
  const volume: Volume = {
    path: text(listed.path),
    kernelName: text(listed.kname),
    number: text(listed['maj:min']),
    type: text(listed.type),
    bytes: Number(listed.size ?? 0),
    // Before util-linux 2.33 lsblk wrote a digit in quotes.
    readOnly: listed.ro === true || listed.ro === '1',
    model,
    content: text(listed.fstype),
    label: text(listed.label),
    uuid: text(listed.uuid),
    partLabel: text(listed.partlabel),
    partUuid: text(listed.partuuid),
    isSystemPartition: text(listed.parttype).toLowerCase() === systemPartition,
    depth,
    isDivided: parts.length > 0,
  }
  // The path becomes a word of a command: what is none is not listed.
  const isPath = /^\/dev\/[^\0\n]+$/.test(volume.path)
  return [
    ...(isPath ? [volume] : []),
    ...parts.flatMap((part) => readVolume(part, depth + 1, model)),
  ]
}

function listIn(json: string, name: string): Json[] {
  if (json.trim() === '') return []
  const list = (JSON.parse(json) as Json)[name]
  return Array.isArray(list) ? list : []
}

function children({ children }: Json): Json[] {
  return Array.isArray(children) ? children : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}
