import { exitStatus } from '../../common/contract.ts'
import { errorMessage, Failure } from '../../common/failure.ts'
import { type Connection, type Ran, run } from '../remote/remote.ts'
import { asScript } from '../remote/script.ts'
import type { Errand } from '../ssh/built-in.ts'
import {
  type Mount,
  mountColumns,
  parseMounts,
  parseSwaps,
  parseVolumes,
  type Volume,
  volumeColumns,
  withProbes,
} from './disks.ts'

/** What there is on the machine to install to. */
export interface Situation {
  volumes: Volume[]
  mounts: Mount[]
  swaps: string[]
  firmware: 'uefi' | 'bios'
  /** By a path that was asked for: the device that it leads to there (`/dev/disk/by-id/...`, `/dev/vg/lv`). */
  links: Map<string, string>
  /** Whether who logs in has to use sudo. */
  usesSudo: boolean
}

/** Each answer ends with a NUL, which none can have within. */
const body = `
# What was formatted a moment ago is in udev's hands first.
udevadm settle --timeout=5 2>/dev/null
lsblk -J -b -o ${volumeColumns}; printf '\\0'
findmnt -J --list -o ${mountColumns}; printf '\\0'
cat /proc/swaps; printf '\\0'
if [ -d /sys/firmware/efi ]; then printf 'uefi\\0'; else printf 'bios\\0'; fi
printf '%s\\0' "\${SUDO_USER:-}"
[ -d /run/udev/data ] || blkid -c /dev/null -o export; printf '\\0'
for path; do readlink -f -- "$path" || :; printf '\\0'; done
`

/** Looks at the disks and mounts of the machine. Throws a Failure when that cannot be done. */
export async function survey(
  connection: Connection,
  errand: Errand,
  paths: readonly string[] = [],
): Promise<Situation> {
  const ran = await run(connection, asScript(body, paths))
  const [volumes = '', mounts = '', swaps = '', firmware, user, probes = '', ...found] =
    ran.stdout.split('\0')
  if (ran.status !== 0 || mounts === '') throw notDone(errand, ran, 'list its disks')
  return {
    ...readLists(volumes, mounts, probes, errand),
    swaps: parseSwaps(swaps),
    firmware: firmware === 'uefi' ? 'uefi' : 'bios',
    links: new Map(paths.map((path, at) => [path, found[at]?.trimEnd() ?? ''])),
    usesSudo: user !== '',
  }
}

function readLists(volumes: string, mounts: string, probes: string, errand: Errand) {
  try {
    return {
      volumes: withProbes(parseVolumes(volumes), probes),
      mounts: parseMounts(mounts),
    }
  } catch (error) {
    const ran = { status: 0, stdout: '', stderr: errorMessage(error) }
    throw notDone(errand, ran, 'list its disks as JSON')
  }
}

/** The Failure for a script that did not do what it is for. */
export function notDone({ machine }: Errand, { status, stderr }: Ran, what: string): Failure {
  const name = machine.name ?? machine.id
  if (status === undefined) return lost(name)
  const isRefused = /^sudo: /m.test(stderr)
  return new Failure(`${name} cannot ${what}: ${stderr.trim() || `status ${status}`}`, {
    advice: isRefused
      ? `it takes root: name a user who may use sudo without a password, or root@${name}`
      : 'is that a live system? it takes lsblk, findmnt and flock, of util-linux',
  })
}

export function lost(name: string): Failure {
  return new Failure(`the connection to ${name} is lost`, {
    exitStatus: exitStatus.unreachable,
    advice: 'is the cable still in? the same command begins anew',
  })
}
