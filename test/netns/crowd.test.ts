import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { agentProgram } from '../../scanner/demo/installer.ts'
import { connect, type Namespace, runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import type { Machine } from '../../scanner/machine.ts'
import { addressesSettled, type Lab, machine, makeLab, skipWithoutRoot } from './lab.ts'
import { eventually, statesOf, static_ } from './segment.ts'

const skip = skipWithoutRoot('ip', 'ping', 'avahi-daemon', 'tcpdump', 'ssh-keygen')
const agents = 8
const strangers = 24
/** Of the scanner: NDP, echoes, questions, and the ssh probe left out. */
const maxPacketsPerMachine = 4

const macOf = (index: number) => `52:54:00:00:01:${index.toString(16).padStart(2, '0')}`
const idOf = (index: number) => `525400fffe0001${index.toString(16).padStart(2, '0')}`

/** Machines on one switch, of which the operator's `br0` is the middle. */
async function makeCrowd(t: Test, lab: Lab): Promise<Namespace[]> {
  const inside = (...args: string[]) => runInside(lab.operator, 'ip', args)
  await inside('link', 'add', 'br0', 'type', 'bridge')
  await inside('link', 'set', 'br0', 'up')
  const machines = await Promise.all(Array.from({ length: agents + strangers }, () => machine(t)))
  for (const [index, namespace] of machines.entries()) {
    const far = { namespace, interface: 'in0', mac: macOf(index) }
    await connect({ namespace: lab.operator, interface: `p${index}` }, far)
    await inside('link', 'set', `p${index}`, 'master', 'br0')
  }
  await Promise.all([lab.operator, ...machines].map(addressesSettled))
  return machines
}

/** An installer of another make: avahi with the subtype of installers, and no ssh server. */
async function startStranger(lab: Lab, namespace: Namespace, index: number): Promise<void> {
  const config = join(lab.files.folder, `avahi-${index}.conf`)
  const services = await lab.newFolder(`services-${index}`)
  const type = '<type>_ssh._tcp</type><subtype>_nixos-installer._sub._ssh._tcp</subtype>'
  const service = `<service>${type}<port>22</port></service>`
  const group = `<service-group><name>host-${index}</name>${service}</service-group>`
  await writeFile(join(services, 'ssh.service'), `<?xml version="1.0"?>${group}`)
  await writeFile(config, `[server]\nhost-name=host-${index}\nenable-dbus=no\n`)
  await runInside(namespace, 'mount', ['--bind', services, '/etc/avahi/services'])
  const avahi = ['avahi-daemon', '--file', config, '--no-drop-root', '--no-chroot', '--no-rlimits']
  await untilSaid(namespace.start(avahi), /successfully established/)
}

/** The ids of those who have the static address by their kernel's word. */
async function holdersOf(machines: readonly Namespace[]): Promise<string[]> {
  const states = await Promise.all(machines.map((each) => statesOf(each)))
  return states.flatMap((each, index) => (each.includes(`${static_} usable`) ? [idOf(index)] : []))
}

/** Counts what the operator sends while something is done. */
async function packetsOf(lab: Lab, during: () => Promise<unknown>): Promise<number> {
  const { operator } = lab
  const link = JSON.parse(await runInside(operator, 'ip', ['-j', 'link', 'show', 'br0']))
  const own = (link as { address: string }[])[0]?.address
  const filter = `ether src ${own} and ip6`
  const dump = operator.start(['sh', '-c', `exec tcpdump -l -n -i br0 '${filter}' >&2`])
  const lines = createInterface({ input: dump.stderr })
  let packets = 0
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line.includes('listening on')) resolve()
      else if (/IP6/.test(line)) packets++
    })
  })
  await during()
  dump.kill('SIGTERM')
  await new Promise((resolve) => dump.on('close', resolve))
  return packets
}

t.test('a crowd on one link: all found, none twice, with few packets', { skip }, async (t) => {
  const lab = await makeLab(t)
  const machines = await makeCrowd(t, lab)
  const started = machines.map(async (namespace, index) => {
    if (index >= agents) return startStranger(lab, namespace, index)
    const args = ['--host-keys', lab.files.folder]
    const agent = namespace.start([process.execPath, agentProgram, ...args])
    return untilSaid(agent, /"IPv6".*_ssh\._tcp\.local".*names are ours/)
  })
  await Promise.all(started)
  const isOne = (holders: string[]) => holders.length === 1
  const trueHolders = await eventually(() => holdersOf(machines), isOne)
  t.equal(trueHolders.length, 1, 'one of them has the static address')

  const withoutSsh = ['mdns', 'service', 'neighbour', 'static'].flatMap((name) => [
    '--source',
    name,
  ])
  let found: Machine[] = []
  const packets = await packetsOf(lab, async () => {
    const { stdout } = await lab.scanner(['find', '--json', '--interface', 'br0', ...withoutSsh])
    found = (JSON.parse(stdout) as { installers: Machine[] }).installers
  })
  const all = machines.map((_, index) => idOf(index))
  t.same(found.map(({ id }) => id).sort(), all)
  const each = packets / machines.length
  t.ok(each <= maxPacketsPerMachine, `${each.toFixed(1)} packets a machine`)
  t.comment(`${each.toFixed(1)} packets a machine`)
  const shown = found.filter(({ links }) =>
    links.some(({ addresses }) => addresses.some(({ kind }) => kind === 'static')),
  )
  t.same(
    shown.map(({ id }) => id),
    trueHolders,
    'the static address at who has it',
  )
})
