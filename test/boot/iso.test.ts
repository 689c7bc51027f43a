import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { eui64FromMac } from '../../common/address.ts'
import { type CommandResult, runCommand } from '../../common/command.ts'
import { type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import type { Machine } from '../../scanner/machine.ts'
import { type Lab, makeLab, scannerProgram, skipWithoutRoot, sshOptions } from '../netns/lab.ts'
import { type Live, startLive, type Timed } from '../netns/live.ts'
import { eventually, makeSwitch, plugInto } from '../netns/segment.ts'
import { type Block, guide, readBlocks } from './guide.ts'
import { liveParts, makeIso } from './iso.ts'
import { type Computer, switchOn } from './qemu.ts'

/**
 * A live ISO from power-on to power-off, on a PC in software: found, entered, led through the guide, given
 * a second card, booted again.
 */

const skip =
  skipWithoutRoot('qemu-system-x86_64', 'xorriso', 'mksquashfs', 'npm', 'ip', 'ping', 'ssh') ||
  ((await liveParts()) ? false : 'there are no parts of a live ISO (.ci/live)')

const first = { mac: '52:54:00:12:34:56', bridge: 'br0' }
const second = { mac: '52:54:00:12:34:57', bridge: 'br1' }
const id = eui64FromMac(first.mac)
/** A disk that is never filled. */
const diskBytes = 16 * 1024 ** 3

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

t.test('a live ISO', { skip }, async (t) => {
  const desk = await makeDesk(t)
  const live = startLive(t, desk.lab, ['find', '--watch', '--ndjson'])
  await t.test('is found and entered', (t) => isFoundAndEntered(t, desk, live))
  await t.test('is one machine on two links', (t) => isOneMachine(t, desk, live))
  await t.test('is led through the guide', (t) => followsGuide(t, desk, undefined))
  await t.test('is known again after a reboot', (t) => isKnownAgain(t, desk, live))
  await t.test('is off', (t) => isOff(t, desk))
  live.stop()
})

interface Desk {
  lab: Lab
  hub: Namespace
  pc: Computer
  /** When it was switched on, on the clock of performance.now(). */
  began: number
  /** Runs lines of the operator's shell, or of a shell on the installer. */
  shell(where: string, script: string): Promise<CommandResult>
}

/** The operator's machine, and one with the ISO in its drive; each of its cards leads to a link of its own. */
async function makeDesk(t: Test): Promise<Desk> {
  const lab = await makeLab(t)
  const folder = await lab.newFolder('iso')
  const beforeIso = performance.now()
  const iso = await makeIso(lab, folder)
  t.comment(`the ISO is made: ${seconds(performance.now() - beforeIso)}`)
  const disk = join(folder, 'disk')
  await writeFile(disk, '')
  await truncate(disk, diskBytes)
  const hub = await makeSwitch(t, 'br0', 'br1')
  await plugInto(hub, 'port1', { namespace: lab.operator, card: 'eno1' }, 'br0')
  await plugInto(hub, 'port2', { namespace: lab.operator, card: 'eno2' }, 'br1')
  const shell = await furnish(lab)
  const pc = await switchOn(hub, { iso, disk, card: first, folder })
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

const isAnnounced = ({ event, installer }: Timed) =>
  event !== 'lost' && installer.id === id && installer.name === 'NixOS'

async function isFoundAndEntered(t: Test, { lab, pc, began }: Desk, live: Live): Promise<void> {
  const phase = (name: string, at: number) => t.comment(`${name}: ${seconds(at)} after power-on`)
  phase('the kernel has started its initramfs', (await pc.says(/live: initramfs/)).at)
  phase('systemd begins', (await pc.says(/live: switching/)).at)
  const found = await live.event(isAnnounced)
  phase('found', found.cameAt - began)
  const { status, stdout } = await lab.scanner([
    'ssh',
    'NixOS',
    '--wait',
    ...sshOptions(lab),
    '--',
    'whoami',
  ])
  phase('a shell', performance.now() - began)
  t.same({ status, stdout }, { status: 0, stdout: 'nixos\n' })
}

async function isOneMachine(t: Test, desk: Desk, live: Live): Promise<void> {
  const plugged = performance.now()
  await desk.pc.plug(second)
  const event = await live.event(({ installer }) => installer.links.length === 2)
  t.comment(`a second card is announced: ${seconds(event.cameAt - plugged)} after it was put in`)
  await hasOneRow(t, desk)
}

/** A machine that is busy with its start may answer late. */
async function hasOneRow(t: Test, { lab }: Desk): Promise<void> {
  const look = async () => JSON.parse((await lab.scanner(['find', '--json'])).stdout).installers
  const isWhole = (installers: Machine[]) =>
    installers.length === 1 && installers[0]?.links.length === 2
  const rows: Machine[] = await eventually(look, isWhole, 60_000)
  const links = [
    { interface: 'eno1', mac: first.mac },
    { interface: 'eno2', mac: second.mac },
  ]
  t.match(rows, [{ id, links }])
  t.equal(rows.length, 1, 'one row')
}

async function followsGuide(t: Test, { shell }: Desk, when: Block['when']): Promise<void> {
  const blocks = readBlocks(guide).filter((block) => block.when === when)
  t.ok(blocks.length > 0)
  for (const { line, where, script } of blocks) {
    const began = performance.now()
    const { status, stdout, stderr } = await shell(where, script)
    t.equal(
      status,
      0,
      `line ${line} of the guide, ${where}: ${seconds(performance.now() - began)}`,
      {
        stdout,
        stderr,
      },
    )
  }
}

/** The guide ends with a reboot. */
async function isKnownAgain(t: Test, desk: Desk, live: Live): Promise<void> {
  const { lab } = desk
  const gone = live.events.findLast(({ event }) => event === 'lost')
  t.ok(gone, 'it has said goodbye')
  const again = await live.event(isAnnounced)
  t.comment(`found again: ${seconds(again.cameAt - (gone?.cameAt ?? 0))} after its goodbye`)
  await lab.scanner(['wait', id, '--for', 'ssh'])
  const refused = await lab.scanner(['ssh', id, ...sshOptions(lab), '--', 'true'])
  t.equal(refused.status, 5)
  t.match(
    refused.stderr,
    /another host key than at its last boot.*\n.*live media make new keys.*--accept-new-key/,
  )
  await followsGuide(t, desk, 'again')
  const later = await lab.scanner(['ssh', id, ...sshOptions(lab), '--', 'true'])
  t.equal(later.status, 0, 'it is remembered')
  await hasOneRow(t, desk)
}

async function isOff(t: Test, { lab, pc }: Desk): Promise<void> {
  await lab.scanner(['ssh', id, ...sshOptions(lab), '--', 'sudo', 'systemctl', 'poweroff'])
  t.equal(await pc.off, 0, 'qemu has ended by itself')
  t.equal((await lab.scanner(['find'])).status, 3)
  t.notMatch(
    await readFile('/proc/self/mounts', 'utf8'),
    lab.files.folder,
    'nothing is left mounted',
  )
}
