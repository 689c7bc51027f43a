import { realpathSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { commandEnvironment, commandMissing, runCommand } from '../../common/command.ts'
import { Failure } from '../../common/failure.ts'
import { programFolders } from './program-folders.ts'
import { type Installation, systemdPath } from './unit-files.ts'

/** Where Debian calls sshd's unit otherwise than all others. */
const debianSshd = '/usr/lib/systemd/system/ssh.service'

/**
 * Finds this installation; the version of systemd is asked for when it is not given. Throws a Failure
 * when a program is missing, or lies where a unit could not start it.
 */
export async function findInstallation(systemd?: number): Promise<Installation> {
  const node = realpathSync(process.execPath)
  const program = realpathSync(process.argv[1] ?? '')
  // Only who certifies needs ssh-keygen.
  const helpers = [findProgram('ip'), lookUp('ssh-keygen') ?? []].flat()
  const real = helpers.map((path) => realpathSync(path))
  const found = new Set(helpers.map((path) => dirname(path)))
  return {
    command: [node, program, 'run'],
    programs: programFolders({ node, package: packageFolder(program), helpers: real }),
    path: [...found].filter((folder) => !systemdPath.includes(folder)),
    locate: findProgram,
    sshd: exists(debianSshd) ? 'ssh.service' : 'sshd.service',
    systemd: systemd ?? (await systemdVersion()),
  }
}

/** The folder with package.json, where the program's own parts and packages lie. */
function packageFolder(program: string): string {
  const folder = dirname(program)
  return folder === '/' || exists(join(folder, 'package.json')) ? folder : packageFolder(folder)
}

function findProgram(name: string): string {
  const found = lookUp(name)
  if (!found) throw commandMissing(name)
  return found
}

function lookUp(name: string): string | undefined {
  const folders = (commandEnvironment().PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, name)).find(exists)
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
