import { createInterface } from 'node:readline'
import t from 'tap'
import { ownMetric } from '../../agent/addresses/reconcile.ts'
import { linkLocalFromMac } from '../../common/address.ts'
import { machine, skipWithoutRoot } from './lab.ts'
import { startNetworkManager } from './network-manager.ts'
import {
  eventually,
  linkOf,
  makeSwitch,
  observe,
  plugInto,
  startQuietly,
  statesOf,
  static_,
} from './segment.ts'

const skip = skipWithoutRoot('ip', 'ping', 'NetworkManager', 'dbus-daemon')
const mac = '52:54:00:12:34:56'
const own = linkLocalFromMac(mac)
const timeoutSeconds = 5
/** NetworkManager tries four times, then leaves the link alone for five minutes. */
const failures = 4

t.test(
  'NetworkManager on a wire without DHCP takes our addresses away, and they stay',
  { skip },
  async (t) => {
    const hub = await makeSwitch(t)
    const namespace = await machine(t)
    await plugInto(hub, 'p0', { namespace, mac })
    const manager = await startNetworkManager(namespace, t.testdir(), timeoutSeconds)
    let failed = 0
    createInterface({ input: manager.stderr }).on('line', (line) => {
      if (line.includes('ip-config -> failed')) failed++
    })
    const agent = startQuietly(namespace)
    const held = async () => {
      const states = await statesOf(namespace)
      return [`${own} usable`, 'fe80::47 usable'].every((each) => states.includes(each))
    }
    t.ok(await eventually(held, Boolean, 10_000), 'both addresses, beside its own')
    const observer = observe(hub, `${own}%br0`)
    await eventually(
      () => failed,
      (count) => count >= failures,
      (failures + 2) * timeoutSeconds * 1000,
    )
    t.equal(failed, failures, 'DHCP failed as often as NetworkManager tries it')
    t.ok(await eventually(held, Boolean), 'both addresses when it has given up')
    const gap = Math.round(observer.longestGap())
    observer.end()
    t.ok(gap < 2000, `the longest gap was ${gap} ms`)
    t.comment(`the longest gap was ${gap} ms in ${observer.seen.length} answers`)
    t.same(
      agent.said.filter(({ level }) => level > 30),
      [],
    )
    manager.kill('SIGKILL')
    agent.child.kill('SIGTERM')
    // By now NetworkManager lets the kernel make the card's own address again: that one stays.
    const left = await eventually(
      async () => (await linkOf(namespace, 'in0'))?.addresses ?? [],
      (addresses) => !addresses.some(({ metric }) => metric === ownMetric),
    )
    t.notOk(
      left.some(({ address, metric }) => address === static_ || metric === ownMetric),
      'at the end we take ours along',
    )
  },
)
