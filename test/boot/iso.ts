import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../common/command.ts'
import type { Lab } from '../netns/lab.ts'
import {
  closeTree,
  debianTree,
  disable,
  enable,
  installPackage,
  installUnits,
  makeLive,
  openTree,
  packageFolder,
  run,
  write,
} from './tree.ts'

/** An ISO that a PC's BIOS boots from a CD: isolinux, kernel, initramfs, and images that lie over each other. */

const partsScript = join(packageFolder, '.ci/live')

/**
 * The console is the serial port, where a test can read it. A processor in software speculates nothing, and
 * to keep the kernel's memory apart for that (page table isolation) costs it dearly.
 */
const bootMenu = `DEFAULT live
PROMPT 0
LABEL live
  KERNEL /boot/vmlinuz
  INITRD /boot/initrd
  APPEND console=ttyS0 quiet mitigations=off
`

/** What Debian starts and nobody here needs: upkeep of an installed system, and a service manager for each who logs in. */
const needless = [
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'fstrim.timer'],
  ...['e2scrub_all.timer', 'e2scrub_reap.service', 'user@.service'],
]

/** The folder with the parts that stay the same, as `.ci/live` has made them; undefined where there is none. */
export async function liveParts(): Promise<string | undefined> {
  const { stdout } = await runCommand('sh', [partsScript, 'path'])
  return stdout.trim() || undefined
}

/** Makes an ISO with this agent, into which the lab's key leads; gives its path. */
export async function makeIso(lab: Lab, folder: string): Promise<string> {
  const layers = join(folder, 'tree')
  try {
    await makeMachine(await openTree((await debianTree()) ?? '', layers), lab)
    // What differs from the tree is all that has to be made anew.
    return await burn((await liveParts()) ?? '', join(layers, 'upper'), folder)
  } finally {
    await closeTree(layers)
  }
}

/** The Node of today's nixpkgs, which starts in less than half the time of Node 20, where `.ci/node` has it. */
async function liveNode(): Promise<string> {
  const { stdout } = await runCommand('sh', [join(packageFolder, '.ci/node'), '24.21.0'])
  return stdout.trim() || process.execPath
}

async function makeMachine(root: string, lab: Lab): Promise<void> {
  await installPackage(root, await liveNode())
  await makeLive(root, await readFile(`${lab.files.identity}.pub`, 'utf8'))
  await installUnits(root)
  // A processor in software takes its time for the large numbers of RSA, and for post-quantum key exchange.
  const exchange = 'KexAlgorithms curve25519-sha256\n'
  await write(root, '/etc/ssh/sshd_config.d/exchange.conf', exchange)
  const keygen =
    '[Service]\nExecStart=\nExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key\n'
  await write(root, '/etc/systemd/system/sshd-keygen.service.d/ed25519.conf', keygen)
  await write(root, '/etc/systemd/network/50-any.network', '[Match]\nType=ether\n')
  await enable(root, 'systemd-networkd.service')
  await disable(root, 'NetworkManager.service', 'NetworkManager-wait-online.service')
  await run('systemctl', `--root=${root}`, '--quiet', 'mask', ...needless)
  // The indices that systemd makes after an update of /usr are up to date (systemd-update-done.service(8)).
  await run('touch', join(root, 'etc/.updated'), join(root, 'var/.updated'))
}

/** As in .ci/live. */
const uncompressed = ['-noI', '-noD', '-noF', '-noX', '-no-fragments', '-b', '32K']

async function burn(parts: string, changes: string, folder: string): Promise<string> {
  const [machine, menu, iso] = ['machine.squashfs', 'isolinux.cfg', 'live.iso'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  await mkdir(folder, { recursive: true })
  await run('mksquashfs', changes, machine, ...uncompressed, '-quiet', '-no-progress')
  await writeFile(menu, bootMenu)
  const boot = ['-b', 'isolinux/isolinux.bin', '-c', 'isolinux/boot.cat']
  // How isolinux wants to lie on a CD (isolinux(1)).
  const emulation = ['-no-emul-boot', '-boot-load-size', '4', '-boot-info-table']
  const files = [
    `/=${parts}`,
    `/isolinux/isolinux.cfg=${menu}`,
    `/live/machine.squashfs=${machine}`,
  ]
  const args = ['-as', 'mkisofs', '-quiet', '-r', '-V', 'LIVE', ...boot, ...emulation, '-o', iso]
  await run('xorriso', ...args, '-graft-points', ...files)
  return iso
}
