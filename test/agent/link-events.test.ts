import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { concernsLinks, Latch, watchLinks } from '../../agent/link-events.ts'
import type { Log } from '../../common/log.ts'
import { fakeIp } from '../fakes/ip.ts'

const links = `echo '[{"ifname":"eno1","flags":["UP","LOWER_UP"]}]'`
/** A monitor that lives until somebody writes into the file `end`. */
const untilEnded = 'while ! [ -s "$folder/end" ]; do sleep 0.05; done'

/** An `ip` that shows links and monitors as told, and a watcher of it. */
function setUp(t: Test, { show = links, monitor = 'exec sleep 60' } = {}) {
  const script = `folder=$(dirname "$0")\ncase "$*" in *monitor*) ${monitor};; *) ${show};; esac`
  const { calls, folder } = fakeIp(t, script)
  const controller = new AbortController()
  const latch = new Latch()
  const said: string[] = []
  const say = (_: object, sentence: string) => said.push(sentence)
  const log: Log = { error: say, warn: say, info: say, debug: say }
  const looks = watchLinks(latch, controller.signal, log)
  const end = async () => {
    controller.abort()
    await looks.return(undefined)
  }
  return { calls, folder, latch, said, looks, end, controller }
}

t.test('which lines of `ip -o monitor` concern us', (t) => {
  for (const [line, expected] of [
    ['3: eno1    inet6 fe80::47/64 scope link tentative', true],
    ['Deleted 3: eno1    inet6 fe80::47/64 scope link', true],
    ['3: eno1@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500', true],
    ['multicast ff00::/8 dev eno1 table local proto kernel metric 256 pref medium', true],
    ['ff00::/8 dev eno1 table local proto kernel metric 256 pref medium', true],
    ['fe80::/64 dev eno1 proto kernel metric 256 pref medium', false],
    ['Deleted 192.0.2.0/24 dev eno1 proto kernel scope link', false],
    ['10.0.0.0/8 via 192.0.2.1 dev eno1', false],
    ['', false],
  ] as const)
    t.equal(concernsLinks(line), expected, line)
  t.end()
})

t.test('the links at once, after the monitor has begun, and after each event', async (t) => {
  const { looks, latch, end, calls } = setUp(t)
  t.equal((await looks.next()).value?.[0].name, 'eno1')
  t.equal((await looks.next()).value?.length, 1, 'what happened until it listened')
  const next = looks.next()
  for (let events = 0; events < 100; events++) latch.open()
  t.ok((await next).value)
  t.equal(calls().filter((call) => call.includes('show')).length, 3, 'a hundred events, one look')
  await end()
  t.same(await looks.next(), { value: undefined, done: true })
})

t.test('a line of the monitor that concerns us is an event', async (t) => {
  const monitor = `until [ -s "$folder/end" ]; do sleep 0.02; done; cat "$folder/end"; exec sleep 60`
  const { looks, folder, end, calls } = setUp(t, { monitor })
  await looks.next()
  await looks.next()
  const next = looks.next()
  writeFileSync(join(folder, 'end'), '192.0.2.0/24 dev eno1\n3: eno1    inet6 fe80::47/64\n')
  t.ok((await next).value)
  t.equal(calls().filter((call) => call.includes('show')).length, 3)
  await end()
})

t.test(
  'an `ip` that fails at the start is tried three times, one that cannot do it once',
  async (t) => {
    await t.test('twice', async (t) => {
      const show = `echo x >>"$folder/failed"; [ "$(wc -l <"$folder/failed")" -gt 2 ] || exit 1; ${links}`
      const { looks, said, end } = setUp(t, { show })
      t.equal((await looks.next()).value?.length, 1)
      t.equal(said.length, 1)
      await end()
    })
    await t.test('always', async (t) => {
      const { looks, calls } = setUp(t, { show: 'exit 1' })
      await t.rejects(looks.next(), /'ip address show' ended with status 1/)
      t.equal(calls().length, 3)
    })
    await t.test('busybox', async (t) => {
      const { looks, calls } = setUp(t, { show: 'echo eno1' })
      await t.rejects(looks.next(), /expected JSON/)
      t.equal(calls().length, 1)
    })
  },
)

t.test('a monitor that ends is started again, and what it missed is looked for', async (t) => {
  const { looks, folder, said, end, calls } = setUp(t, { monitor: untilEnded })
  await looks.next()
  await looks.next()
  const next = looks.next()
  writeFileSync(join(folder, 'end'), 'now')
  t.ok((await next).value)
  t.same(said, ["'ip monitor' ended, will start it again"])
  // Started again it ends again, and that is a look later.
  t.ok((await looks.next()).value)
  t.ok(calls().filter((call) => call.includes('monitor')).length >= 2)
  t.equal(said.length, 1)
  await end()
})
