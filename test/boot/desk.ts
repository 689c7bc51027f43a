import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type CommandResult, runCommand } from '../../common/command.ts'
import { type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import { type Lab, makeLab, scannerProgram } from '../netns/lab.ts'
import { makeSwitch, plugInto } from '../netns/segment.ts'
import { makeIso } from './iso.ts'
import { since } from './live.ts'
import { type Card, type Computer, switchOn } from './qemu.ts'

/** The operator of docs/guide.md at his desk, and a machine that boots the ISO. */

/** A disk that is never filled. */
const diskBytes = 16 * 1024 ** 3

export interface Desk {
  lab: Lab
  hub: Namespace
  pc: Computer
  /** When it was switched on, on the clock of performance.now(). */
  began: number
  /** Runs lines of the operator's shell, or of a shell on the installer. */
  shell(where: string, script: string): Promise<CommandResult>
}

/** The operator's machine, and one with the ISO in its drive; each of its cards leads to a link of its own. */
export async function makeDesk(t: Test, card: Card): Promise<Desk> {
  const lab = await makeLab(t)
  const folder = await lab.newFolder('iso')
  const beforeIso = performance.now()
  const iso = await makeIso(lab, folder)
  t.comment(`the ISO is made: ${since(beforeIso)}`)
  const disk = join(folder, 'disk')
  await writeFile(disk, '')
  await truncate(disk, diskBytes)
  const hub = await makeSwitch(t, 'br0', 'br1')
  await plugInto(hub, 'port1', { namespace: lab.operator, card: 'eno1' }, 'br0')
  await plugInto(hub, 'port2', { namespace: lab.operator, card: 'eno2' }, 'br1')
  const shell = await furnish(lab)
  const pc = await switchOn(hub, { iso, disk, card, folder })
  return { lab, hub, pc, began: performance.now(), shell }
}

/** Gives the operator a user database with a home of the test's own, a key in it, and `scanner` on PATH. */
async function furnish(lab: Lab): Promise<Desk['shell']> {
  const home = await lab.newFolder('home')
  const users = (await readFile('/etc/passwd', 'utf8')).replace(
    /^(root(?::[^:]*){4}:)[^:]*/m,
    `$1${home}`,
  )
  await writeFile(join(home, 'passwd'), users)
  await runInside(lab.operator, 'mount', ['--bind', join(home, 'passwd'), '/etc/passwd'])
  await runInside(lab.operator, 'mkdir', ['-m', '700', join(home, '.ssh')])
  // The operator of the guide has a key, and says yes to a fingerprint.
  const config = ['StrictHostKeyChecking accept-new', `IdentityFile ${lab.files.identity}`, '']
  await writeFile(join(home, '.ssh', 'config'), config.join('\n'))
  const program = `#!/bin/sh\nexec '${process.execPath}' '${scannerProgram}' "$@"\n`
  await writeFile(join(home, 'scanner'), program, { mode: 0o755 })
  const variables = [
    `HOME=${home}`,
    `XDG_STATE_HOME=${lab.files.folder}`,
    `PATH=${home}:${process.env.PATH}`,
  ]
  const [enter = '', ...rest] = [...lab.operator.enter, 'env', '-C', home, ...variables]
  const shells = {
    operator: ['sh', '-eux'],
    installer: ['scanner', 'ssh', 'NixOS', '--', 'sh', '-eux'],
  }
  return (where, script) => {
    const words = where === 'installer' ? shells.installer : [...shells.operator, '-c', script]
    return runCommand(enter, [...rest, ...words], undefined, where === 'installer' ? script : '')
  }
}
