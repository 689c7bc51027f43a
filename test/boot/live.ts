import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { eui64FromMac, linkLocalFromMac } from '../../common/address.ts'
import type { CommandResult } from '../../common/command.ts'
import type { Namespace } from '../../scanner/demo/namespace.ts'
import { type Lab, machine, makeLab, sshOptions } from '../netns/lab.ts'
import { makeSwitch, plugInto } from '../netns/segment.ts'
import { bootMachine, type Machine } from './machine.ts'
import {
  closeTree,
  debianTree,
  disable,
  installPackage,
  installUnits,
  makeLive,
  openTree,
  write,
} from './tree.ts'

/** Three live systems on a switch, with one configuration; they differ in who manages the network. */

const wants = (...units: string[]) => units.map((unit) => `systemd.wants=${unit}`)
const systems = [
  { name: 'bare', mac: '52:54:00:12:34:01', options: [] },
  { name: 'networkd', mac: '52:54:00:12:34:02', options: wants('systemd-networkd.service') },
  {
    name: 'manager',
    mac: '52:54:00:12:34:03',
    options: wants('NetworkManager.service', 'NetworkManager-wait-online.service'),
  },
]

export interface LiveSystem extends Machine {
  name: string
  /** EUI-64 of its card. */
  id: string
  /** Its EUI-64 link-local address. */
  own: string
}

export interface Segment {
  lab: Lab
  hub: Namespace
  /** In this order: nothing, networkd, NetworkManager. */
  systems: LiveSystem[]
}

/** Makes the tree, plugs everything together, and switches on; an authority is trusted already. */
export async function bootSegment(t: Test): Promise<Segment> {
  const lab = await makeLab(t)
  const began = performance.now()
  const root = await makeTree(t, lab)
  t.comment(`the tree is laid out: ${since(began)}`)
  const hub = await makeSwitch(t)
  await plugInto(hub, 'op', { namespace: lab.operator, card: 'op0' })
  const booted: LiveSystem[] = []
  for (const { name, mac, options } of systems) {
    const namespace = await machine(t)
    await plugInto(hub, name, { namespace, mac })
    // Something waits for the network on each of them.
    const all = [...wants('network-online.target'), ...options]
    const switchedOn = await bootMachine(namespace, { root, name, options: all })
    t.teardown(() => switchedOn.off())
    booted.push({ ...switchedOn, name, id: eui64FromMac(mac), own: linkLocalFromMac(mac) })
  }
  return { lab, hub, systems: booted }
}

/** For people: seconds since a moment. */
export function since(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`
}

/** What a hardened program would try, beside the programs of the tree. */
export const probeProgram = '/usr/local/lib/probe.mjs'

async function makeTree(t: Test, lab: Lab): Promise<string> {
  const authority = await lab.newFolder('authority')
  const made = await lab.scanner(['trust', 'ca', 'init', '--folder', authority])
  if (made.status !== 0) throw new Error(made.stderr)
  const folder = await lab.newFolder('tree')
  t.teardown(() => closeTree(folder))
  const root = await openTree((await debianTree()) ?? '', folder)
  await installPackage(root)
  await makeLive(root, await readFile(`${lab.files.identity}.pub`, 'utf8'))
  const key = await readFile(join(authority, 'installer_ca'), 'utf8')
  await write(root, '/etc/credstore/installer-agent.ca-key', key, 0o600)
  await installUnits(root)
  await disable(root, 'NetworkManager.service', 'NetworkManager-wait-online.service')
  await write(
    root,
    '/etc/systemd/network/50-any.network',
    '[Match]\nName=in0\n[Network]\nDHCP=yes\n',
  )
  await write(root, '/etc/NetworkManager/conf.d/any.conf', managerSettings)
  const probe = fileURLToPath(new URL('./probe.js', import.meta.url))
  await copyFile(probe, join(root, probeProgram))
  return root
}

/** There is no udev in a container to tell it of a card; and it gives up DHCP after 45 s by itself. */
const managerSettings = `[device]
match-device=*
managed=1
[connection]
ipv4.dhcp-timeout=8
ipv6.ra-timeout=8
`

export const agentUnit = 'installer-agent.service'

/** Runs a command on a machine by `scanner ssh`, with the operator's key. */
export function ssh({ lab }: Segment, name: string, ...command: string[]): Promise<CommandResult> {
  return lab.scanner(['ssh', name, ...sshOptions(lab), '--', ...command])
}

/** Properties of a unit, or of the manager (''), by name. */
export async function show(
  { inside }: LiveSystem,
  unit: string,
  ...names: string[]
): Promise<Record<string, string>> {
  const of = unit === '' ? [] : [unit]
  const shown = await inside('systemctl', 'show', `--property=${names.join()}`, ...of)
  const lines = shown.trim().split('\n')
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)))
}

/** An entry of the journal; a field that it has more than once is a list. */
export type Entry = Record<string, string | string[] | undefined> & { MESSAGE: string }

export async function entries({ inside }: LiveSystem, ...matches: string[]): Promise<Entry[]> {
  const lines = await inside('journalctl', '--output=json', '--quiet', ...matches)
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry)
}
