import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { linkLocalFromMac } from '../../common/address.ts'
import {
  agentProgram,
  type InstallerFiles,
  makeKeys,
  startSshServer,
} from '../../scanner/demo/installer.ts'
import { type Namespace, runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import type { Machine } from '../../scanner/machine.ts'
import { addressesSettled, type Lab, machine, makeLab, skipWithoutRoot, sshOptions } from './lab.ts'
import { startAvahi } from './responders.ts'
import { eventually, makeSwitch, plugInto, startQuietly, statesOf, static_ } from './segment.ts'

const skip = skipWithoutRoot('ip', 'ping', 'ssh', 'sshd', 'ssh-keygen')
const count = 5

const macOf = (index: number) => `52:54:00:00:02:0${index}`
const idOf = (index: number) => `525400fffe00020${index}`

async function find(lab: Lab, ...args: string[]): Promise<Machine[]> {
  const { stdout } = await lab.scanner(['find', '--json', ...args])
  return (JSON.parse(stdout) as { installers: Machine[] }).installers
}

/** Keys of a machine's own, that let the lab's operator in. */
async function keysOf(lab: Lab, name: string): Promise<InstallerFiles> {
  return { ...(await makeKeys(await lab.newFolder(name))), identity: lab.files.identity }
}

/** An agent, and sshd, on a machine whose links are settled; the agent holds all its names then. */
async function startInstaller(namespace: Namespace, files: InstallerFiles) {
  await startSshServer(namespace, files)
  const own = [
    '--host-keys',
    files.folder,
    '--user',
    userInfo().username,
    '--status-socket',
    'none',
  ]
  const agent = namespace.start([process.execPath, agentProgram, 'run', ...own])
  await untilSaid(agent, /"IPv6".*_ssh\._tcp\.local".*names are ours/)
}

/** Who, of the machines, has the static address by the kernel's own word: one, in the end. */
async function trueHolders(machines: readonly Namespace[]): Promise<number[]> {
  const states = await Promise.all(machines.map((each) => statesOf(each)))
  return states.flatMap((each, index) => (each.includes(`${static_} usable`) ? [index] : []))
}

/** Machines on one switch, the operator with `op0` among them. */
async function onOneSwitch(t: Test, lab: Lab, howMany: number): Promise<Namespace[]> {
  const hub = await makeSwitch(t)
  await plugInto(hub, 'operator', { namespace: lab.operator, card: 'op0' })
  const machines = await Promise.all(Array.from({ length: howMany }, () => machine(t)))
  for (const [index, namespace] of machines.entries())
    await plugInto(hub, `p${index}`, { namespace, mac: macOf(index) })
  await Promise.all([lab.operator, ...machines].map(addressesSettled))
  return machines
}

/** Both forget each other, and the first neighbor advertisement to the machine, 72 bytes long, is lost. */
async function loseFirstAdvertisement(lab: Lab, namespace: Namespace, mac: string): Promise<void> {
  await runInside(namespace, 'ip', ['-6', 'neighbour', 'flush', 'dev', 'in0'])
  await runInside(lab.operator, 'ip', ['-6', 'neighbour', 'flush', 'dev', 'op0'])
  const advertisement = `ip6 daddr ${linkLocalFromMac(mac)} icmpv6 type nd-neighbor-advert`
  const rule = `${advertisement} quota until 100 bytes counter drop`
  const output = `chain output { type filter hook output priority 0; ${rule}; }`
  await runInside(lab.operator, 'nft', [`table inet loss { ${output}; }`])
}

/** A folder whose `ssh` only says that it was started. */
async function folderWithSpy(lab: Lab): Promise<string> {
  const folder = await lab.newFolder('spy')
  await writeFile(join(folder, 'ssh'), '#!/bin/sh\necho ssh was started\n', { mode: 0o755 })
  return folder
}

/** What a program did, and how long that took, in milliseconds. */
async function timed<Result>(run: () => Promise<Result>): Promise<{ result: Result; ms: number }> {
  const began = performance.now()
  const result = await run()
  return { result, ms: performance.now() - began }
}

/** The same link, looked at by `avahi-browse` on the same operator: figures for people. */
async function compareWithAvahi(t: Test, lab: Lab): Promise<void> {
  await startAvahi(lab, lab.operator, 'operator')
  const avahi = await timed(() => runInside(lab.operator, 'avahi-browse', ['-rpt', '_ssh._tcp']))
  const rows = avahi.result.split('\n').filter((line) => line.startsWith('='))
  const hosts = new Set(rows.map((row) => row.split(';')[6]))
  const all = await timed(() => find(lab))
  const heard = await timed(() => find(lab, '--source', 'mdns', '--source', 'service'))
  const ratio = (ms: number) => `${(ms / avahi.ms).toFixed(2)} of the time of avahi-browse`
  t.comment(`avahi-browse -rpt _ssh._tcp: ${rows.length} rows, ${hosts.size} hosts`)
  t.comment(`scanner find: ${all.result.length} machines in ${ratio(all.ms)}`)
  t.comment(`... by mdns and service: ${heard.result.length} machines in ${ratio(heard.ms)}`)
}

t.test(
  'five installers of one name on a link: five rows, and no ssh to the wrong one',
  { skip: skip || skipWithoutRoot('avahi-daemon', 'avahi-browse', 'dbus-daemon', 'nft') },
  async (t) => {
    const lab = await makeLab(t)
    const machines = await onOneSwitch(t, lab, count)
    await Promise.all(
      machines.map(async (namespace, index) =>
        startInstaller(namespace, await keysOf(lab, `machine-${index}`)),
      ),
    )
    const isSettled = (holders: number[]) => holders.length === 1
    const holders = await eventually(() => trueHolders(machines), isSettled)
    t.equal(holders.length, 1, 'one of them has the static address')

    const found = await find(lab)
    t.same(
      found.map(({ id }) => id).sort(),
      machines.map((_, index) => idOf(index)),
    )
    t.same([...new Set(found.map((each) => each.configuredName))], ['NixOS'])
    t.equal(new Set(found.flatMap(({ ssh }) => ssh.hostKeys)).size, count, 'each with its own key')
    const shown = found.filter(({ links }) =>
      links.some((link) => link.addresses.some(({ kind }) => kind === 'static')),
    )
    t.same(
      shown.map(({ id }) => id),
      holders.map(idOf),
      'the static address at who has it',
    )

    const ssh = (name: string, environment = {}) =>
      lab.scanner(
        ['ssh', name, ...sshOptions(lab), '--', 'ip', '-o', 'link', 'show', 'in0'],
        environment,
      )
    const spied = { PATH: `${await folderWithSpy(lab)}:${process.env.PATH}` }
    t.match((await ssh('0203', spied)).stdout, 'ssh was started')
    const refused = await ssh('NixOS', spied)
    t.equal(refused.status, 4, refused.stderr)
    t.equal(refused.stdout, '', 'no ssh was started')
    t.match(refused.stderr, `'NixOS' fits ${count} machines`)
    for (const index of machines.keys()) t.match(refused.stderr, macOf(index), 'is listed')
    for (const index of [0, count - 1]) {
      const { stdout, stderr } = await ssh(`020${index}`)
      t.match(stdout, macOf(index), stderr)
    }
    await compareWithAvahi(t, lab)

    const loser = holders[0] === 0 ? 1 : 0
    await loseFirstAdvertisement(lab, machines[loser] as Namespace, macOf(loser))
    const again = await find(lab, '--source', 'neighbour', '--source', 'mdns')
    t.equal(again.length, count, 'who has not got our MAC yet is waited for')
    t.match(await runInside(lab.operator, 'nft', ['list', 'ruleset']), /counter packets 1 /)
  },
)

/** A machine with a card on each of these links of the operator's; the switches themselves are mute. */
async function withCardsOn(t: Test, lab: Lab, links: readonly string[]): Promise<Namespace> {
  const names = [...new Set(links)]
  const bridge = (name: string) => `br-${name}`
  const hub = await makeSwitch(t, ...names.map(bridge))
  for (const name of names) {
    await runInside(hub, 'ip', ['link', 'set', bridge(name), 'addrgenmode', 'none'])
    await runInside(hub, 'ip', ['-6', 'address', 'flush', 'dev', bridge(name)])
    await plugInto(hub, `o-${name}`, { namespace: lab.operator, card: name }, bridge(name))
  }
  const namespace = await machine(t)
  for (const [index, name] of links.entries()) {
    const card = { namespace, mac: macOf(index), card: `in${index}` }
    await plugInto(hub, `p${index}`, card, bridge(name))
  }
  await Promise.all([lab.operator, namespace].map(addressesSettled))
  return namespace
}

for (const links of [
  ['op0', 'op1'],
  ['op0', 'op0'],
])
  t.test(`one machine with cards on ${links.join(' and ')} is one row`, { skip }, async (t) => {
    const lab = await makeLab(t)
    const namespace = await withCardsOn(t, lab, links)
    const cards = links.map((link, index) => `${link} ${macOf(index)}`)
    const rows = async (...args: string[]) =>
      (await find(lab, ...args)).map(({ id, links }) => [
        id,
        ...links.map((link) => `${link.interface} ${link.mac}`),
      ])
    const files = await keysOf(lab, 'machine')
    await startSshServer(namespace, files)
    t.same(await rows('--all'), [[idOf(0), ...cards]], 'without our agent, by its host key')
    const withoutSsh = ['mdns', 'service', 'neighbour'].flatMap((name) => ['--source', name])
    const apart = cards.map((card, index) => [idOf(index), card])
    t.same(await rows('--all', ...withoutSsh), apart, 'which is all that tells')

    startQuietly(namespace, '--host-keys', files.folder)
    const isOne = (found: string[][]) => found.length === 1 && found[0]?.length === 3
    const announced = await eventually(() => rows(...withoutSsh), isOne)
    t.same(announced, [[idOf(0), ...cards]], 'with our agent, by the id that it announces')
  })
