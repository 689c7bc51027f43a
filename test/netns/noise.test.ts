import t, { type Test } from 'tap'
import { ownLinkLocal } from '../../common/links.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import { addressesSettled, bootInstaller, type Lab, makeLab, plug, skipWithout } from './lab.ts'
import { eventually, linkOf } from './segment.ts'

/** Which links `find` goes by, on real ones: what the kernel says of them, not what a fixture does. */

const skip = skipWithout('ip', 'ping', 'ssh-keygen')
t.jobs = 2
const mac = '52:54:00:12:34:56'
const mac2 = '52:54:00:00:00:99'

const ipOf =
  ({ operator }: Lab) =>
  (...args: string[]) =>
    runInside(operator, 'ip', args)

/** Adds links that this kernel may not have; gives those that it has. */
async function addThose(lab: Lab, links: Record<string, string[]>): Promise<string[]> {
  const ip = ipOf(lab)
  const added: string[] = []
  for (const [name, type] of Object.entries(links)) {
    const made = await ip('link', 'add', ...type).then(
      () => true,
      () => false,
    )
    if (!made) continue
    await ip('link', 'set', name, 'up')
    added.push(name)
  }
  return added
}

/** What `find -v` says of each link that it leaves out. */
async function leftOut(lab: Lab): Promise<{ reasons: Map<string, string>; stdout: string }> {
  const { stdout, stderr } = await lab.scanner(['find', '-v'])
  const lines = stderr.matchAll(/^scanner: (\S+) is not searched: it (.*)$/gm)
  return { reasons: new Map([...lines].map(([, name = '', why = '']) => [name, why])), stdout }
}

t.test(
  'containers, tunnels and dead ends are left out, each with its reason, unless they are named',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const ip = ipOf(lab)
    await bootInstaller(t, lab, { mac })
    await plug(t, lab, { link: 'veth9f8e7d', mac: mac2 })
    await plug(t, lab, { link: 'eth8' })
    await ip('link', 'set', 'eth8', 'multicast', 'off')
    const dark = await plug(t, lab, { link: 'eth7' })
    await runInside(dark, 'ip', ['link', 'set', 'in0', 'down'])
    for (const bridge of ['docker0', 'br-0123456789ab'])
      await addThose(lab, { [bridge]: [bridge, 'type', 'bridge'] })
    await plug(t, lab, { link: 'veth1a2b3c' })
    await ip('link', 'set', 'veth1a2b3c', 'master', 'br-0123456789ab')
    for (const [name, mode] of [
      ['tailscale0', 'tun'],
      ['vpn0', 'tap'],
    ] as const)
      await ip('tuntap', 'add', 'mode', mode, 'name', name)
    const optional: Record<string, [string[], RegExp]> = {
      vx0: [
        ['vx0', 'type', 'vxlan', 'id', '5', 'dstport', '4789', 'dev', 'lo'],
        /^is a tunnel \(vxlan\)/,
      ],
      wg0: [['wg0', 'type', 'wireguard'], /^is a tunnel \(wireguard\)/],
      ifb7: [['ifb7', 'type', 'ifb'], /^has nothing behind it \(ifb\)/],
      dummy7: [['dummy7', 'type', 'dummy'], /^has nothing behind it \(dummy\)/],
      mv0: [
        ['link', 'op0', 'name', 'mv0', 'type', 'macvlan'],
        /^shares the link of op0, which is searched/,
      ],
    }
    const types = Object.entries(optional).map(([name, [type]]) => [name, type] as const)
    const added = await addThose(lab, Object.fromEntries(types))
    await settled(lab, ['op0', 'veth9f8e7d', ...added.filter((each) => each === 'vx0')])

    const { reasons, stdout } = await leftOut(lab)
    t.match(stdout, /^NixOS +fe80::5054:ff:fe12:3456%op0 .*\n$/m)
    const expected: [string, RegExp][] = [
      ['lo', /^leads back to this machine/],
      ['eth7', /^has no carrier: .*plugged in/],
      ['eth8', /^has no multicast$/],
      ['docker0', /^is a bridge of containers/],
      ['br-0123456789ab', /^is a bridge of containers/],
      ['veth1a2b3c', /^is a port of br-0123456789ab/],
      [
        'veth9f8e7d',
        /^leads to a container \(veth\) \('--interface veth9f8e7d' searches it all the same\)$/,
      ],
      ['tailscale0', /^is a tunnel \(tun\)/],
      ['vpn0', /^is made by a virtual machine or a VPN \(tap\)/],
      ...added.map((name): [string, RegExp] => [name, optional[name]?.[1] ?? /^$/]),
    ]
    for (const [name, why] of expected) t.match(reasons.get(name), why, name)
    t.same([...reasons.keys()].sort(), expected.map(([name]) => name).sort(), 'and no other')
    const absent = Object.keys(optional).filter((each) => !added.includes(each))
    if (absent.length > 0) t.comment(`this kernel has no ${absent}`)

    const named = await lab.scanner(['find', '--all', '--interface', 'veth9f8e7d'])
    t.match(named.stdout, 'fe80::5054:ff:fe00:99%veth9f8e7d')
    t.notMatch(named.stdout, '%op0')
    const both = await lab.scanner(['find', '--all', '--interface', 'veth9*', '--interface', 'op?'])
    t.match(both.stdout, 'fe80::5054:ff:fe00:99%veth9f8e7d')
    t.match(both.stdout, '%op0')
    const mute = await lab.scanner(['find', '--interface', 'eth8'])
    t.equal(mute.status, 3)
    t.match(mute.stderr, 'eth8 has no multicast')
  },
)

/** Waits for these links only: tunnels without anybody at their end never get an address. */
async function settled({ operator }: Lab, names: readonly string[]): Promise<void> {
  const isReady = async (name: string) => {
    const link = await linkOf(operator, name)
    return link !== undefined && ownLinkLocal(link) !== undefined
  }
  await eventually(
    () => Promise.all(names.map(isReady)),
    (ready) => ready.every(Boolean),
  )
}

/** An installer whose cable is a part of something that is stacked on it. */
async function stackedLab(t: Test): Promise<Lab> {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac, link: 'eth1' })
  return lab
}

t.test(
  'a bridge that carries the cable is searched, whatever its name',
  { skip, buffered: true },
  async (t) => {
    const lab = await stackedLab(t)
    const ip = ipOf(lab)
    for (const bridge of ['br-lan', 'virbr1', 'br-0123456789ab']) {
      await ip('link', 'add', bridge, 'type', 'bridge')
      await ip('link', 'set', 'eth1', 'master', bridge)
      await ip('link', 'set', bridge, 'up')
      await addressesSettled(lab.operator)
      const { stdout, reasons } = await leftOut(lab)
      t.match(stdout, `fe80::5054:ff:fe12:3456%${bridge}`)
      t.match(reasons.get('eth1'), new RegExp(`^is a port of ${bridge}, which has the addresses`))
      await ip('link', 'delete', bridge)
    }
  },
)

t.test('a VLAN on the cable is searched', { skip, buffered: true }, async (t) => {
  const lab = await makeLab(t)
  const far = await plug(t, lab, { link: 'eth1', mac })
  const added = await addThose(lab, {
    'eth1.10': ['link', 'eth1', 'name', 'eth1.10', 'type', 'vlan', 'id', '10'],
  })
  if (added.length === 0) return void t.plan(0, 'this kernel has no VLANs')
  await runInside(far, 'ip', [
    'link',
    'add',
    'link',
    'in0',
    'name',
    'in0.10',
    'type',
    'vlan',
    'id',
    '10',
  ])
  await runInside(far, 'ip', ['link', 'set', 'in0.10', 'up'])
  for (const each of [lab.operator, far]) await addressesSettled(each)
  const { stdout } = await lab.scanner(['find', '--all'])
  t.match(stdout, 'fe80::5054:ff:fe12:3456%eth1.10')
})

t.test('a bond of cables is searched, its cables are not', { skip, buffered: true }, async (t) => {
  const lab = await stackedLab(t)
  const ip = ipOf(lab)
  const bond = ['bond0', 'type', 'bond', 'mode', 'active-backup']
  if ((await addThose(lab, { bond0: bond })).length === 0)
    return void t.plan(0, 'this kernel has no bonds')
  await ip('link', 'set', 'eth1', 'down')
  await ip('link', 'set', 'eth1', 'master', 'bond0')
  await ip('link', 'set', 'eth1', 'up')
  await addressesSettled(lab.operator)
  const { stdout, reasons } = await leftOut(lab)
  t.match(stdout, 'fe80::5054:ff:fe12:3456%bond0')
  t.match(reasons.get('eth1'), /^is a port of bond0/)
})
