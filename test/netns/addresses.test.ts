import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { linkLocalFromMac } from '../../common/address.ts'
import { stop } from '../../scanner/demo/installer.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import { machine, skipWithout } from './lab.ts'
import {
  eventually,
  ipBatch,
  keepAddresses,
  linkOf,
  makeSwitch,
  observe,
  plugInto,
  startQuietly,
  statesBecome,
  statesOf,
  static_,
  watchAddresses,
} from './segment.ts'

const skip = skipWithout('ip', 'ping')
// Most of the time they wait for the kernel's detection.
t.jobs = 4
const macs = ['52:54:00:12:34:01', '52:54:00:12:34:02', '52:54:00:12:34:03', '52:54:00:12:34:04']
const own = macs.map(linkLocalFromMac)
const [mac = ''] = macs
const holder = (address = '') => [`${static_} usable`, `${address} usable`]
const loser = (address = '') => [`${static_} duplicate`, `${address} usable`]
/** The longest wait between two tries, the detection of 2 s, and a machine with other work. */
const takeoverMs = 8000

t.test(
  'EUI-64 and one holder of fe80::47, whatever makes addresses',
  { skip, buffered: true },
  async (t) => {
    const hub = await makeSwitch(t)
    const modes = ['eui64', 'none', 'random', 'networkd'] as const
    const machines = await Promise.all(modes.map(() => machine(t)))
    for (const [index, namespace] of machines.entries()) {
      await plugInto(hub, `p${index}`, { namespace, mac: macs[index] ?? '' })
      const mode = modes[index]
      if (mode === 'networkd') await ipBatch(namespace, 'address add fe80::1234/64 dev in0')
      else
        await ipBatch(
          namespace,
          `link set in0 addrgenmode ${mode}`,
          'link set in0 down',
          'link set in0 up',
        )
    }
    for (const namespace of machines) keepAddresses(namespace)
    const all = () => Promise.all(machines.map((namespace) => statesOf(namespace)))
    const settled = await eventually(
      all,
      (states) =>
        states.every((each, index) => each.includes(`${own[index]} usable`)) &&
        states.flat().filter((each) => each === `${static_} usable`).length === 1,
      takeoverMs,
    )
    for (const [index, mode] of modes.entries())
      t.ok(settled[index]?.includes(`${own[index]} usable`), `${mode}: ${settled[index]}`)
    t.equal(settled.flat().filter((each) => each === `${static_} usable`).length, 1, 'one holder')
    // The beacon of a scanner: each installer answers from its own address, the holder too.
    const beacon = observe(hub, `ff02::1:ff00:47%br0`)
    const answering = await eventually(
      () => new Set(beacon.seen.map(({ from }) => from)),
      ({ size }) => size === 4,
    )
    // Where the card has yet another address the kernel may speak from that one.
    for (const address of own.slice(0, 2)) t.ok(answering.has(address ?? ''), address)
    t.notOk(answering.has(static_))
  },
)

t.test(
  'fe80::47 moves on when its holder vanishes, and is given up on its return',
  { skip, buffered: true },
  async (t) => {
    const hub = await makeSwitch(t)
    const [first, second] = [await machine(t), await machine(t)]
    await plugInto(hub, 'p0', { namespace: first, mac })
    keepAddresses(first)
    t.same(await statesBecome(first, holder(own[0])), holder(own[0]))
    await plugInto(hub, 'p1', { namespace: second, mac: macs[1] ?? '' })
    const agent = keepAddresses(second)
    t.same(await statesBecome(second, loser(own[1])), loser(own[1]))

    const beacon = observe(hub, 'ff02::1:ff00:47%br0')
    const monitor = await watchAddresses(second)
    await eventually(
      () => monitor.filter((line) => line.startsWith('Deleted')).length,
      (tries) => tries >= 3,
      20_000,
    )
    const answers = beacon.seen.filter(({ from }) => from === own[1]).length
    const asked = Math.max(...[own[0], own[1]].map((each) => countFrom(beacon.seen, each)))
    beacon.end()
    t.ok(answers > 50 && answers >= asked * 0.9, `${answers} of ${asked} answered while it tries`)

    const pulled = performance.now()
    await ipBatch(hub, 'link set p0 down')
    t.same(await statesBecome(second, holder(own[1]), { withinMs: takeoverMs }), holder(own[1]))
    t.comment(`taken over after ${Math.round(performance.now() - pulled)} ms`)
    t.equal(agent.said.filter(({ msg }) => msg.includes('held by another')).length, 1, 'said once')

    await ipBatch(hub, 'link set p0 up')
    t.same(await statesBecome(first, loser(own[0])), loser(own[0]))
    t.same(await statesOf(second), holder(own[1]))
  },
)

function countFrom(seen: readonly { from: string }[], address: string | undefined): number {
  return seen.filter(({ from }) => from === address).length
}

t.test(
  'a cable moved so quickly that no look sees it: detection, and one holder',
  { skip, buffered: true },
  async (t) => {
    const hub = await makeSwitch(t, 'br0', 'br1')
    const [moved, there] = [await machine(t), await machine(t)]
    await plugInto(hub, 'p0', { namespace: moved, mac })
    await plugInto(hub, 'p1', { namespace: there, mac: macs[1] ?? '' }, 'br1')
    for (const namespace of [moved, there]) keepAddresses(namespace)
    t.same(await statesBecome(moved, holder(own[0])), holder(own[0]))
    t.same(await statesBecome(there, holder(own[1])), holder(own[1]))
    const monitor = await watchAddresses(moved)
    await ipBatch(hub, 'link set p0 down', 'link set p0 master br1', 'link set p0 up')
    t.same(await statesBecome(moved, loser(own[0])), loser(own[0]))
    t.same(await statesOf(there), holder(own[1]))
    t.match(monitor.join('\n'), /Deleted .*fe80::47\/64/)
  },
)

t.test(
  'a cloned MAC is said loudly, and the address comes back when it is over',
  { skip, buffered: true },
  async (t) => {
    const hub = await makeSwitch(t)
    const [first, clone] = [await machine(t), await machine(t)]
    await plugInto(hub, 'p0', { namespace: first, mac })
    t.same(await statesBecome(first, [`${own[0]} usable`]), [`${own[0]} usable`])
    await plugInto(hub, 'p1', { namespace: clone, mac })
    const agent = keepAddresses(clone, '--static-address', 'none')
    const failed = [`${own[0]} duplicate`]
    t.same(await statesBecome(clone, failed), failed)
    const errors = () => agent.said.filter(({ level }) => level === 50)
    const [error] = await eventually(errors, (list) => list.length > 0)
    t.match(error, { link: 'in0', msg: own[0], advice: /cloned/ })
    await ipBatch(hub, 'link set p0 down')
    const back = [`${own[0]} usable`]
    t.same(await statesBecome(clone, back, { withinMs: takeoverMs }), back)
    t.equal(errors().length, 1, 'once')
    await stop(agent.child)
    t.same(await statesOf(clone), back, 'the kernel had made it: it stays')
  },
)

t.test(
  'killed and started again: addresses are adopted, not doubled, and removed at the end',
  { skip, buffered: true },
  async (t) => {
    const hub = await makeSwitch(t)
    const namespace = await machine(t)
    await plugInto(hub, 'p0', { namespace, mac })
    await ipBatch(namespace, 'link set in0 addrgenmode none', 'address flush dev in0')
    await ipBatch(namespace, 'address add fe80::1/64 dev in0')
    const killed = keepAddresses(namespace)
    const all = [...holder(own[0]), 'fe80::1 usable']
    t.same(await statesBecome(namespace, all), all.sort())
    const observer = observe(hub, `${own[0]}%br0`)
    killed.child.kill('SIGKILL')
    const monitor = await watchAddresses(namespace)
    const agent = keepAddresses(namespace)
    await eventually(
      () => agent.said.some(({ msg }) => msg === 'link is served'),
      (served) => served,
    )
    await ipBatch(hub, 'link set p0 down', 'link set p0 up')
    t.match(
      await eventually(
        () => monitor.join('\n'),
        (text) => text.includes('Deleted'),
      ),
      /Deleted .*fe80::/,
      'the flap, and nothing before it, lets them pass detection again',
    )
    t.same(await statesBecome(namespace, all), all)
    observer.end()
    await stop(agent.child)
    t.same(await statesOf(namespace), ['fe80::1 usable'], "what was another program's stays")
  },
)

t.test(
  'what a killed run left does not outlive the carrier: no second holder',
  { skip, buffered: true },
  async (t) => {
    const hub = await makeSwitch(t)
    const namespace = await machine(t)
    await plugInto(hub, 'p0', { namespace, mac })
    const killed = keepAddresses(namespace)
    t.same(await statesBecome(namespace, holder(own[0])), holder(own[0]))
    killed.child.kill('SIGKILL')
    await ipBatch(hub, 'link set p0 down')
    keepAddresses(namespace)
    t.same(await statesBecome(namespace, [`${own[0]} usable`]), [`${own[0]} usable`])
  },
)

t.test(
  'a manager that flushes every 300 ms: reachable all the same',
  { skip, buffered: true },
  async (t) => {
    const hub = await makeSwitch(t)
    const namespace = await machine(t)
    await plugInto(hub, 'p0', { namespace, mac })
    const agent = startQuietly(namespace)
    t.same(await statesBecome(namespace, holder(own[0])), holder(own[0]))
    const observer = observe(hub, `${own[0]}%br0`)
    await eventually(
      () => observer.seen.length,
      (count) => count > 3,
    )
    for (let flushes = 0; flushes < 15; flushes++) {
      await runInside(namespace, 'ip', ['-6', 'address', 'flush', 'dev', 'in0', 'scope', 'link'])
      await wait(300)
    }
    const gap = Math.round(observer.longestGap())
    observer.end()
    t.ok(observer.seen.length > 50 && gap < 2000, `the longest gap was ${gap} ms`)
    t.same(await statesBecome(namespace, holder(own[0])), holder(own[0]))
    t.same(
      agent.said.filter(({ level }) => level > 30),
      [],
    )
    const link = await linkOf(namespace, 'in0')
    t.ok(link?.addresses.every(({ metric }) => metric === 256))
  },
)
