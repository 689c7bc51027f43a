import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { eui64FromMac } from '../../common/address.ts'
import type { Machine } from '../../scanner/machine.ts'
import { skipWithoutRoot, sshOptions } from '../netns/lab.ts'
import { type Live, startLive, type Timed } from '../netns/live.ts'
import { eventually } from '../netns/segment.ts'
import { type Desk, makeDesk } from './desk.ts'
import { type Block, guide, readBlocks } from './guide.ts'
import { liveParts } from './iso.ts'

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
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

t.test('a live ISO', { skip }, async (t) => {
  const desk = await makeDesk(t, first)
  const live = startLive(t, desk.lab, ['find', '--watch', '--ndjson'])
  await t.test('is found and entered', (t) => isFoundAndEntered(t, desk, live))
  await t.test('is one machine on two links', (t) => isOneMachine(t, desk, live))
  await t.test('is led through the guide', (t) => followsGuide(t, desk, undefined))
  await t.test('is known again after a reboot', (t) => isKnownAgain(t, desk, live))
  await t.test('is off', (t) => isOff(t, desk))
  live.stop()
})

const isAnnounced = ({ event, installer }: Timed) =>
  event !== 'lost' && installer.id === id && installer.name === 'NixOS'

async function isFoundAndEntered(t: Test, { lab, pc, began }: Desk, live: Live): Promise<void> {
  const phase = async (name: string, at: number) =>
    t.comment(`${name}: ${seconds(at)} after power-on, ${seconds(await pc.busyMs())} of processor`)
  await phase('the kernel has started its initramfs', (await pc.says(/live: initramfs/)).at)
  await phase('systemd begins', (await pc.says(/live: switching/)).at)
  const found = await live.event(isAnnounced)
  await phase('found', found.cameAt - began)
  const { status, stdout } = await lab.scanner([
    'ssh',
    'NixOS',
    '--wait',
    ...sshOptions(lab),
    '--',
    'whoami',
  ])
  await phase('a shell', performance.now() - began)
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
  const gone = await live.event(({ event, installer }) => event === 'lost' && installer.id === id)
  const again = await live.event(isAnnounced)
  t.comment(`found again: ${seconds(again.cameAt - gone.cameAt)} after its goodbye`)
  await lab.scanner(['wait', id, '--for', 'ssh'])
  // By its name, which only its announcement tells, and with it that this is another boot. While it is
  // busy with its start one of its two cards may be heard before that says whose it is.
  await hasOneRow(t, desk)
  const refused = await eventually(
    () => lab.scanner(['ssh', 'NixOS', ...sshOptions(lab), '--', 'true']),
    ({ stderr }) => !stderr.includes('another machine'),
    60_000,
  )
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
