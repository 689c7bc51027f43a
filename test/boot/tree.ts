import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unitFileNames } from '../../agent/unit/names.ts'
import { runCommand } from '../../common/command.ts'

/**
 * A live system for the tests to boot: the Debian tree of .ci/tree, which stays as it is, and over it
 * this package as npm would install it, its units, and what a live ISO has (host keys made at boot, a
 * user `nixos` with sudo, sshd with keys only).
 */

// The tests run from dist/test/boot.
export const packageFolder = fileURLToPath(new URL('../../..', import.meta.url))
const treeScript = join(packageFolder, '.ci/tree')

/** Where things lie in the booted machine: as after `npm install --global`, with Node from elsewhere. */
export const installed = {
  node: '/usr/local/bin/node',
  package: '/usr/local/lib/node_modules/installer-discovery',
}

/** The Debian tree that `.ci/tree` has made; undefined where there is none. */
export async function debianTree(): Promise<string | undefined> {
  const { stdout } = await runCommand('sh', [treeScript, 'path'])
  return stdout.trim() || undefined
}

/** Runs a command; throws when it fails. */
export async function run(command: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runCommand(command, args)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${status} ${stderr}`)
  return stdout
}

/**
 * Lays a writable folder in memory over the Debian tree, and gives the whole. It is there for this
 * process and its children, in whose mount namespace it lies, and ends with it.
 */
export async function openTree(base: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  await run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', folder)
  const [upper, work, root] = ['upper', 'work', 'root'].map((name) => join(folder, name))
  await run('mkdir', '-m', '755', upper ?? '', work ?? '', root ?? '')
  const layers = `lowerdir=${base},upperdir=${upper},workdir=${work}`
  await run('mount', '-t', 'overlay', '-o', layers, 'overlay', root ?? '')
  return root ?? ''
}

/** Takes away what openTree has mounted, also while something still uses it. */
export async function closeTree(folder: string): Promise<void> {
  await run('umount', '--recursive', '--lazy', folder)
}

/** Runs a command of the tree's, with nothing of our environment. */
export function inside(root: string, ...command: string[]): Promise<string> {
  const path = 'PATH=/usr/local/bin:/usr/sbin:/usr/bin'
  return run('chroot', root, 'env', '-i', path, ...command)
}

/** Installs a Node and this package, with the packages that it needs, as npm would. */
export async function installPackage(root: string, node = process.execPath): Promise<void> {
  const target = join(root, installed.package)
  await mkdir(target, { recursive: true })
  await mkdir(join(root, dirname(installed.node)), { recursive: true })
  await copyFile(node, join(root, installed.node))
  await chmod(join(root, installed.node), 0o755)
  const folder = dirname(root)
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder, packageFolder]
  const [archive = ''] = (await run('npm', ...pack)).trim().split('\n').slice(-1)
  await run('tar', '-xzf', join(folder, archive), '-C', target, '--strip-components=1')
  await copyDependencies(target)
  await linkPrograms(root)
}

/** npm knows which packages are for the programs, and which for the tests. */
async function copyDependencies(target: string): Promise<void> {
  const list = ['ls', '--prefix', packageFolder, '--omit=dev', '--all', '--parseable']
  const [, ...paths] = (await run('npm', ...list)).trim().split('\n')
  const names = paths
    .map((path) => relative(packageFolder, path))
    .filter((path) => !path.includes('/node_modules/'))
  if (names.length > 0)
    await run('env', '-C', packageFolder, 'cp', '-a', '--parents', '-t', target, ...names)
}

async function linkPrograms(root: string): Promise<void> {
  const { bin } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as {
    bin: Record<string, string>
  }
  for (const [name, path] of Object.entries(bin)) {
    await chmod(join(root, installed.package, path), 0o755)
    await symlink(join(installed.package, path), join(root, '/usr/local/bin', name))
  }
}

/** Host keys are made at the boot of a live system; NixOS and Fedora have units of these names for it. */
const sshdKeygen = `[Unit]
Description=Make the host keys of sshd
Before=ssh.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
`

const sshdSettings = `PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
`
const certificate =
  'HostCertificate /run/installer-agent/certificates/ssh_host_ed25519_key-cert.pub\n'

/** Makes it what a live ISO is before its agent: whoever has the key gets in as `nixos` or root. */
export async function makeLive(root: string, publicKey: string): Promise<void> {
  await write(root, '/etc/systemd/system/sshd-keygen.service', sshdKeygen)
  await write(root, '/etc/ssh/sshd_config.d/installer.conf', sshdSettings)
  await write(root, '/etc/sudoers.d/nixos', 'nixos ALL=(ALL:ALL) NOPASSWD: ALL\n')
  await inside(root, 'useradd', '--create-home', '--shell', '/bin/bash', 'nixos')
  for (const [user, home] of [
    ['nixos', '/home/nixos'],
    ['root', '/root'],
  ] as const) {
    await write(root, `${home}/.ssh/authorized_keys`, publicKey)
    await inside(root, 'chown', '-R', `${user}:`, `${home}/.ssh`)
    await inside(root, 'chmod', '-R', 'u=rwX,go=', `${home}/.ssh`)
  }
  await enable(root, 'sshd-keygen.service')
}

/** Installs the units as docs/other-distributions.md says: those that the installed program prints. */
export async function installUnits(root: string): Promise<void> {
  // Node finds itself there.
  const prepare = ['sh', '-c', 'mount -t proc proc /proc && exec "$@"', 'sh']
  for (const name of unitFileNames) {
    const print = [...prepare, 'installer-agent', 'unit', name]
    const text = await run('unshare', '--mount', '--', 'chroot', root, ...print)
    await write(root, `/etc/systemd/system/${name}`, text)
    if (text.includes('[Install]')) await enable(root, name)
  }
  await write(root, '/etc/ssh/sshd_config.d/certificate.conf', certificate)
  await mkdir(join(root, '/etc/issue.d'), { recursive: true })
  await symlink('/run/installer-agent/issue', join(root, '/etc/issue.d/installer-agent.issue'))
}

export function enable(root: string, unit: string): Promise<string> {
  return run('systemctl', `--root=${root}`, '--quiet', 'enable', unit)
}

export function disable(root: string, ...units: string[]): Promise<string> {
  return run('systemctl', `--root=${root}`, '--quiet', 'disable', ...units)
}

/** Writes a file of the tree, and the folders above it. */
export async function write(root: string, path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text, { mode })
}
