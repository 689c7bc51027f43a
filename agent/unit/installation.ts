import { realpathSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { commandEnvironment, commandMissing, runCommand } from '../../common/command.ts'
import { Failure } from '../../common/failure.ts'
import type { Installation } from './unit-files.ts'

/** Where systemd looks for the programs of a unit (systemd.exec(5), ExecSearchPath=). */
const systemdPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
/** Libraries, and most programs; the links beside /usr where it is merged. */
const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib64']
/** What ProtectHome= and PrivateTmp= hide from the unit. */
const hidden = /^\/(home|root|run\/user|tmp|var\/tmp)\//

/** Finds this installation. Throws a Failure when a unit could not start it, or lacks a program. */
export async function findInstallation(systemd = 0): Promise<Installation> {
  const node = realpathSync(process.execPath)
  const program = realpathSync(process.argv[1] ?? '')
  const helpers = ['ip', 'ssh-keygen'].map(findProgram)
  const folders = [
    ...(isOfSystem(node) ? [] : [dirname(dirname(node))]),
    ...(isOfSystem(program) ? [] : [packageFolder(program)]),
    ...helpers
      .map((path) => realpathSync(path))
      .filter((path) => !isOfSystem(path))
      .map(dirname),
  ].map(wholeStore)
  for (const folder of folders) checkVisible(`${folder}/`)
  return {
    command: [node, program, 'run'],
    programs: [...systemFolders.map((folder) => `-${folder}`), ...new Set(folders)],
    path: helpers.map((path) => dirname(path)).filter((folder) => !systemdPath.includes(folder)),
    agetty: findProgram('agetty'),
    systemctl: findProgram('systemctl'),
    sshd: exists('/usr/lib/systemd/system/ssh.service') ? 'ssh.service' : 'sshd.service',
    systemd: systemd || (await systemdVersion()),
  }
}

function isOfSystem(path: string): boolean {
  return systemFolders.some((folder) => path.startsWith(`${folder}/`))
}

/** What is in the store of Nix needs others of it. */
function wholeStore(folder: string): string {
  return folder.startsWith('/nix/store/') ? '/nix/store' : folder
}

/** The folder with package.json, where the program's own parts and packages lie. */
function packageFolder(program: string): string {
  const folder = dirname(program)
  return folder === '/' || exists(join(folder, 'package.json')) ? folder : packageFolder(folder)
}

function checkVisible(folder: string): void {
  if (hidden.test(folder))
    throw new Failure(`the unit is kept from ${folder}, where this program lies`, {
      advice: 'install Node and this package below /usr/local or /opt (npm install --global)',
    })
}

function findProgram(name: string): string {
  const folders = (commandEnvironment().PATH ?? '').split(delimiter)
  const found = folders.map((folder) => join(folder, name)).find(exists)
  if (!found) throw commandMissing(name)
  return found
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

async function systemdVersion(): Promise<number> {
  const { stdout } = await runCommand('systemctl', ['--version'])
  const version = /^systemd (\d+)/.exec(stdout)?.[1]
  if (version) return Number(version)
  throw new Failure(`expected a version from 'systemctl --version', got '${stdout.trim()}'`, {
    advice: 'say it yourself: installer-agent unit --systemd 257',
  })
}
