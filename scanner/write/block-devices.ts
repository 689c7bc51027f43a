import { firstLine, runCommand } from '../../common/command.ts'
import { Failure } from '../../common/failure.ts'
import { printableWord } from '../../common/printable.ts'

/** A disk or a part of one, and what is made of it. */
export interface BlockDevice {
  name: string
  path: string
  /** Major and minor number, `8:16`: it has many names, but one of these. */
  number: string
  /** `disk`, `part`, `loop`, `rom`, or how it is made of others: `lvm`, `crypt`, `raid1` ... */
  type: string
  bytes: number
  readOnly: boolean
  isRemovable: boolean
  /** `usb`, `sata` ...; empty when unknown. */
  transport: string
  /** Vendor and model; empty when unknown. */
  model: string
  /** Kind of file system, or of a set that it belongs to; empty when there is none. */
  content: string
  label: string
  /** Where it is mounted; `[SWAP]` for swap in use. */
  mountpoint: string | undefined
  /** Partitions, and what is made of them. */
  children: BlockDevice[]
}

const columns =
  'NAME,PATH,MAJ:MIN,TYPE,SIZE,RO,RM,HOTPLUG,TRAN,VENDOR,MODEL,FSTYPE,LABEL,MOUNTPOINT'

/** The door to lsblk: every disk of this machine, also without a medium. */
export async function blockDevices(): Promise<BlockDevice[]> {
  const { status, stdout, stderr } = await runCommand('lsblk', ['-J', '-b', '-a', '-o', columns])
  if (status !== 0) throw new Failure(`lsblk failed: ${firstLine(stderr)}`)
  return parseBlockDevices(stdout)
}

interface Listed {
  name: string
  path: string
  'maj:min': string
  type: string
  size: number | null
  ro: boolean
  rm: boolean
  hotplug: boolean
  tran: string | null
  vendor: string | null
  model: string | null
  fstype: string | null
  label: string | null
  mountpoint: string | null
  children?: Listed[]
}

/** What `lsblk -J -b` prints. */
export function parseBlockDevices(json: string): BlockDevice[] {
  return (JSON.parse(json) as { blockdevices: Listed[] }).blockdevices.map(read)
}

function read(listed: Listed): BlockDevice {
  const transport = listed.tran ?? ''
  return {
    name: listed.name,
    path: listed.path,
    number: listed['maj:min'].trim(),
    type: listed.type,
    bytes: listed.size ?? 0,
    readOnly: listed.ro,
    isRemovable: listed.rm || listed.hotplug || transport === 'usb',
    transport,
    // What a device, or whoever formatted it, says of it is shown to people.
    model: printableWord(
      [listed.vendor, listed.model]
        .map((word) => word?.trim())
        .filter(Boolean)
        .join(' '),
    ),
    content: listed.fstype ?? '',
    label: printableWord(listed.label ?? ''),
    mountpoint: listed.mountpoint ? printableWord(listed.mountpoint) : undefined,
    children: (listed.children ?? []).map(read),
  }
}

/** A device with all that is made of it. */
export function family(device: BlockDevice): BlockDevice[] {
  return [device, ...device.children.flatMap(family)]
}

/** A device, and the whole disks that it is on. */
export interface Located {
  device: BlockDevice
  disks: BlockDevice[]
}

/** The device of a number; undefined when there is none. */
export function locateDevice(all: readonly BlockDevice[], number: string): Located | undefined {
  const disks = all.filter((disk) => family(disk).some((each) => each.number === number))
  const device = disks.flatMap(family).find((each) => each.number === number)
  return device && { device, disks }
}

/** Disks that a person plugs in and takes out again, with a medium in them. */
export function removableDisks(all: readonly BlockDevice[]): BlockDevice[] {
  return all.filter(({ type, isRemovable, bytes }) => type === 'disk' && isRemovable && bytes > 0)
}

/** `8:16` from the number that stat gives, as Linux packs it (makedev(3)). */
export function deviceNumber(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}
