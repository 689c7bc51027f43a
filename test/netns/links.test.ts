import { spawnSync } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { linkLocalFromMac } from '../../common/address.ts'
import { commandEnvironment } from '../../common/command.ts'
import { connect, type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import { machine, skipWithout } from './lab.ts'
import {
  detectionMs,
  eventually,
  ipBatch,
  keepAddresses,
  makeSwitch,
  plugInto,
  startQuietly,
  statesBecome,
  statesOf,
} from './segment.ts'

const skip = skipWithout('ip', 'ping')
t.jobs = 4
const mac = '52:54:00:12:34:56'
const second = '52:54:00:12:34:57'
const own = linkLocalFromMac(mac)
const held = (address = own) => ['fe80::47 usable', `${address} usable`]
/** As on a system where nobody else makes addresses. */
const noneBut = 'net.ipv6.conf.default.addr_gen_mode=1'

/** Why there is no link of this type: the kernel's module is not there. */
function unlessMade(type: string): string | false {
  const args = ['link', 'add', 'probe0', 'type', type]
  const { stderr } = spawnSync('ip', args, { env: commandEnvironment(), encoding: 'utf8' })
  return /Unknown device type/.test(stderr) && `the kernel makes no ${type}`
}

/** A machine on a switch whose card `in0` has both addresses. */
async function servedMachine(t: Test): Promise<Namespace> {
  const hub = await makeSwitch(t)
  const namespace = await machine(t)
  await runInside(namespace, 'sysctl', ['-q', '-w', noneBut])
  await plugInto(hub, 'p0', { namespace, mac })
  keepAddresses(namespace)
  t.same(await statesBecome(namespace, held()), held())
  return namespace
}

t.test(
  'a card that appears late, is renamed up and down, and comes again as another',
  { skip, buffered: true },
  async (t) => {
    const hub = await makeSwitch(t)
    const namespace = await machine(t)
    await runInside(namespace, 'sysctl', ['-q', '-w', noneBut])
    const agent = keepAddresses(namespace)
    await eventually(
      () => agent.said.some(({ msg }) => msg.startsWith('no link to serve yet')),
      Boolean,
    )
    await plugInto(hub, 'p0', { namespace, mac })
    t.same(await statesBecome(namespace, held()), held(), 'late')
    // A new name while up: the kernel keeps the addresses.
    await ipBatch(namespace, 'link set in0 name lan0')
    t.same(await statesBecome(namespace, held(), { name: 'lan0' }), held(), 'renamed while up')
    await ipBatch(namespace, 'link set lan0 down', 'link set lan0 name eno1', 'link set eno1 up')
    t.same(await statesBecome(namespace, held(), { name: 'eno1' }), held(), 'renamed while down')
    await ipBatch(namespace, 'link set eno1 down', `link set eno1 address ${second}`)
    await ipBatch(namespace, 'link set eno1 up')
    const other = held(linkLocalFromMac(second))
    t.same(await statesBecome(namespace, other, { name: 'eno1' }), other, 'another MAC')
    await ipBatch(namespace, 'link delete eno1')
    await connect({ namespace: hub, interface: 'p1' }, { namespace, interface: 'eno1', mac })
    await ipBatch(hub, 'link set p1 master br0')
    t.same(await statesBecome(namespace, held(), { name: 'eno1' }), held(), 'another card')
  },
)

t.test(
  'a bridge has addresses of its own, its port has none',
  {
    skip,
    buffered: true,
  },
  async (t) => {
    const namespace = await servedMachine(t)
    await ipBatch(
      namespace,
      `link add br0 address ${second} type bridge`,
      'link set br0 up',
      'link set in0 master br0',
    )
    const bridged = held(linkLocalFromMac(second))
    t.same(await statesBecome(namespace, bridged, { name: 'br0' }), bridged)
    t.same(await statesBecome(namespace, []), [], 'its port')
    await ipBatch(namespace, 'link delete br0')
    t.same(await statesBecome(namespace, held()), held(), 'a port no more')
  },
)

t.test(
  'a VLAN is a link of its own, with the MAC of its card',
  {
    skip: skip || unlessMade('vlan'),
    buffered: true,
  },
  async (t) => {
    const namespace = await servedMachine(t)
    const vlan = 'link add link in0 name in0.10 type vlan id 10'
    const refusal = await ipBatch(namespace, vlan, 'link set in0.10 up').catch(String)
    if (refusal) return t.plan(0, `the kernel makes no VLANs: ${refusal}`)
    t.same(await statesBecome(namespace, held(), { name: 'in0.10' }), held())
    t.same(await statesOf(namespace), held(), 'and the card keeps its own')
  },
)

t.test(
  'a bond has addresses of its own, its port has none',
  {
    skip: skip || unlessMade('bond'),
    buffered: true,
  },
  async (t) => {
    const namespace = await servedMachine(t)
    const bond = `link add bond0 address ${second} type bond mode active-backup`
    const refusal = await ipBatch(namespace, bond).catch(String)
    if (refusal) return t.plan(0, `the kernel makes no bonds: ${refusal}`)
    await ipBatch(namespace, 'link set in0 down', 'link set in0 master bond0', 'link set bond0 up')
    const bonded = held(linkLocalFromMac(second))
    t.same(await statesBecome(namespace, bonded, { name: 'bond0' }), bonded)
    t.same(await statesBecome(namespace, []), [], 'its port')
  },
)

t.test(
  'IPv6 turned off on one link: said once, the other goes on; an event tells when it is on',
  { skip, buffered: true },
  async (t) => {
    const hub = await makeSwitch(t)
    const namespace = await machine(t)
    await plugInto(hub, 'p0', { namespace, mac })
    const far = { namespace, interface: 'in1', mac: second }
    await connect({ namespace: hub, interface: 'p1' }, far)
    // NetworkManager's way: no address of the kernel's own tells that IPv6 is back.
    await ipBatch(namespace, 'link set in0 addrgenmode none')
    const turn = (value: string) =>
      runInside(namespace, 'sysctl', ['-q', '-w', `net.ipv6.conf.in0.disable_ipv6=${value}`])
    await turn('1')
    const agent = keepAddresses(namespace)
    const other = held(linkLocalFromMac(second))
    t.same(await statesBecome(namespace, other, { name: 'in1' }), other)
    const warned = () => agent.said.filter(({ level }) => level >= 40)
    await eventually(warned, ({ length }) => length === 2)
    await ipBatch(namespace, 'link set in1 mtu 1400', 'link set in1 mtu 1500')
    const warnings = warned()
    t.same(
      warnings.map(({ msg }) => msg),
      [own, 'fe80::47'].map((each) => `IPv6 is turned off on in0, so ${each} cannot be added`),
    )
    t.match(warnings[0]?.advice, /sysctl net.ipv6.conf.in0.disable_ipv6=0/)
    // Longer than it rests after a look: what it sees next, an event has told.
    const untilIdle = () => wait(1000)
    await untilIdle()
    await turn('0')
    t.same(await statesBecome(namespace, held()), held(), 'turned on')
    await turn('1')
    t.same(await statesBecome(namespace, []), [])
    await untilIdle()
    await turn('0')
    t.same(await statesBecome(namespace, held()), held(), 'and again')
  },
)

t.test(
  'a dormant link, as Wi-Fi is until it may speak, is served when it wakes',
  { skip, buffered: true },
  async (t) => {
    const hub = await makeSwitch(t)
    const namespace = await machine(t)
    await runInside(namespace, 'sysctl', ['-q', '-w', noneBut])
    await connect({ namespace: hub, interface: 'p0' }, { namespace, interface: 'wlan0', mac })
    const operstate = async () =>
      /"operstate":"(\w+)"/.exec(
        await runInside(namespace, 'ip', ['-j', 'link', 'show', 'wlan0']),
      )?.[1]
    // The kernel goes to sleep from down only.
    await ipBatch(hub, 'link set p0 master br0', 'link set p0 down')
    await eventually(operstate, (state) => state !== 'UP')
    await ipBatch(namespace, 'link set wlan0 mode dormant')
    await ipBatch(hub, 'link set p0 up')
    t.equal(await eventually(operstate, (state) => state === 'DORMANT'), 'DORMANT')
    const agent = keepAddresses(namespace)
    await eventually(() => agent.said.length, Boolean)
    t.match(agent.said[0]?.msg, /no link to serve yet/)
    t.same(await statesOf(namespace, 'wlan0'), [])
    await ipBatch(namespace, 'link set wlan0 state up')
    t.same(await statesBecome(namespace, held(), { name: 'wlan0' }), held())
  },
)

t.test('sixteen links at once, each announced', { skip, buffered: true }, async (t) => {
  const hub = await machine(t)
  const namespace = await machine(t)
  const links = Array.from({ length: 16 }, (_, index) => `in${index}`)
  for (const [index, name] of links.entries()) {
    const far = { namespace, interface: name, mac: `52:54:00:00:01:${10 + index}` }
    await connect({ namespace: hub, interface: `p${index}` }, far)
  }
  const agent = startQuietly(namespace)
  const announced = () =>
    new Set(agent.said.flatMap(({ msg, link }) => (msg === 'announced' ? [link ?? ''] : [])))
  t.equal((await eventually(announced, ({ size }) => size === 16, 3 * detectionMs)).size, 16)
  for (const [index, name] of links.entries()) {
    const wanted = held(linkLocalFromMac(`52:54:00:00:01:${10 + index}`))
    t.same(await statesBecome(namespace, wanted, { name }), wanted, name)
  }
  t.same(
    agent.said.filter(({ level }) => level > 30),
    [],
  )
})
