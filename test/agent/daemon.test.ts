import t from 'tap'
import { PermissionFailure } from '../../agent/addresses/kernel.ts'
import { Daemon } from '../../agent/daemon.ts'
import type { Link } from '../../common/links.ts'
import { FakeKernel } from '../fakes/kernel.ts'
import { fakeAddress, fakeLink } from '../fakes/link.ts'
import { fakeOptions } from '../fakes/options.ts'

const own = 'fe80::5054:ff:fe12:3456'
const noIdentity = { host: 'NixOS', user: 'nixos', hostKeys: [], boot: '', agent: '' }

/** A daemon without mDNS on a fake kernel; `said` has the log's warnings and errors. */
function setUp(
  over: { addresses?: boolean; interfaces?: string[] } = {},
  kernel: FakeKernel = new FakeKernel(),
) {
  const said: string[] = []
  /** When other looks were asked for, in milliseconds of `clock`. */
  const asked: number[] = []
  /** What was signed, and how many addresses there were by then. */
  const certified: (string | number)[][] = []
  const clock = { now: 0 }
  const quiet = () => {}
  const say = (_: object, sentence: string) => said.push(sentence)
  const daemon = new Daemon({
    options: fakeOptions(over),
    identity: { ...noIdentity, os: undefined, flake: undefined },
    log: { error: say, info: quiet, debug: quiet, warn: say },
    kernel,
    certificates: {
      update: async (id, links) => {
        certified.push([id, ...links.map(({ name }) => name), kernel.calls.length])
      },
    },
    now: () => clock.now,
    random: () => 0,
    lookAgainIn: (milliseconds) => asked.push(clock.now + milliseconds),
  })
  /** Lets the daemon look at links as the kernel has them by now. */
  const look = (...links: Partial<Link>[]) =>
    daemon.lookAgain(
      links.map((each) => {
        const link = fakeLink(each)
        return { ...link, addresses: [...link.addresses, ...kernel.addressesOf(link.name)] }
      }),
    )
  return { daemon, kernel, said, asked, clock, certified, look }
}

t.test(
  'adds what is missing once, again when it is lost, and takes it away at the end',
  async (t) => {
    const { daemon, kernel, asked, look } = setUp()
    await look({})
    await look({})
    t.same(kernel.calls.splice(0), [`add eno1 ${own}`, 'add eno1 fe80::47 deprecated'])
    kernel.held.delete(`eno1 ${own}`)
    await look({})
    t.same(kernel.calls.splice(0), [`add eno1 ${own}`], 'it had not passed detection yet')
    kernel.settle()
    await look({})
    kernel.held.clear()
    await look({})
    t.same(kernel.calls.splice(0), [`add eno1 ${own} nodad`, 'add eno1 fe80::47 deprecated nodad'])
    t.same(asked, [], 'all of it without a timer')
    await daemon.close()
    t.same(kernel.calls.sort(), [`remove eno1 fe80::47`, `remove eno1 ${own}`])
  },
)

t.test('an address of another program is neither added nor removed', async (t) => {
  const { daemon, kernel, look } = setUp()
  kernel.place('eno1', own)
  await look({ addresses: [fakeAddress('192.0.2.7')] })
  await daemon.close()
  t.same(kernel.calls, ['add eno1 fe80::47 deprecated', 'remove eno1 fe80::47'])

  const late = setUp()
  late.kernel.place('eno1', own)
  late.kernel.place('eno1', 'fe80::47')
  await late.daemon.lookAgain([fakeLink()])
  await late.daemon.close()
  t.notOk(
    late.kernel.calls.some((call) => call.startsWith('remove')),
    'added in between',
  )
})

t.test('bridge ports, links without carrier and unwanted names are left alone', async (t) => {
  const { kernel, look, said } = setUp({ interfaces: ['en*'] })
  await look({ enslaved: true }, { index: 3, running: false }, { index: 4, name: 'wlan0' })
  await look({ enslaved: true })
  t.same(kernel.calls, [])
  t.same(said, ['no link to serve yet: waiting for one that has a carrier'], 'said once')
})

t.test(
  'host keys are certified before anything is announced, under the id of the machine',
  async (t) => {
    const { certified, look } = setUp()
    await look({ running: false })
    t.same(certified, [], 'nobody is there to see it')
    await look({}, { index: 3, name: 'eno2', mac: '52:54:00:00:00:01' })
    t.same(certified, [['525400fffe123456', 'eno1', 'eno2', 0]])
  },
)

t.test('with --no-addresses nothing is added', async (t) => {
  const { daemon, kernel, look } = setUp({ addresses: false })
  await look({})
  await daemon.close()
  t.same(kernel.calls, [])
})

t.test('without the permission to add addresses the daemon ends', async (t) => {
  const { kernel, look } = setUp()
  kernel.refusal = () => new PermissionFailure('no permission')
  const ended = await look({}).catch((error: unknown) => error)
  t.ok(ended instanceof PermissionFailure)
})

t.test(
  'trouble on one link is said once, again after it was over, and stops no other',
  async (t) => {
    const { kernel, look, said } = setUp()
    const refuse = (link: string, address: string) => new Error(`no ${address} on ${link}`)
    kernel.refusal = refuse
    const links = [{}, { index: 3, name: 'eno2' }]
    for (let looks = 0; looks < 3; looks++) await look(...links)
    const sentences = ['eno1', 'eno2'].flatMap((link) =>
      [own, 'fe80::47'].map((address) => `no ${address} on ${link}`),
    )
    t.same(said.splice(0), sentences)
    kernel.refusal = undefined
    await look(...links)
    t.equal(kernel.held.size, 4)
    kernel.held.clear()
    kernel.refusal = refuse
    await look(...links)
    t.same(said, sentences)
  },
)

t.test('fe80::47 of another program that failed is a warning, and left to it', async (t) => {
  const { daemon, kernel, look, said, asked } = setUp()
  kernel.place('eno1', 'fe80::47', { tentative: true, dadFailed: true })
  for (let looks = 0; looks < 2; looks++) await look({})
  t.same(said, ['fe80::47 is held by another machine on eno1'])
  await daemon.close()
  t.same(kernel.calls, [`add eno1 ${own}`, `remove eno1 ${own}`])
  t.same(asked, [])
})

t.test('a link that is gone is forgotten, one that is renamed is not', async (t) => {
  const { daemon, kernel, look } = setUp()
  await look({}, { index: 3, name: 'eno2', mac: '52:54:00:00:00:01' })
  for (const address of [own, 'fe80::47'])
    kernel.place('lan0', address, { metric: 256, tentative: true })
  kernel.calls.splice(0)
  await look({ name: 'lan0' })
  t.same(kernel.calls, [], 'its addresses came along')
  await daemon.close()
  t.same(kernel.calls, [`remove lan0 ${own}`, 'remove lan0 fe80::47'])
})

t.test('addresses are taken away also from a link that lost its carrier', async (t) => {
  const { daemon, kernel, look } = setUp()
  await look({})
  await look({ running: false })
  await daemon.close()
  t.equal(kernel.held.size, 0)
})

t.test('a run that was killed: its addresses are adopted, and removed at the end', async (t) => {
  const killed = setUp()
  await killed.look({})
  killed.kernel.settle()
  const { daemon, kernel, look } = setUp({}, killed.kernel)
  kernel.place('eno1', 'fe80::1', { metric: 256 })
  kernel.calls.splice(0)
  await look({})
  t.same(kernel.calls, [], 'not doubled')
  await look({ carrierChanges: 3 })
  t.same(kernel.calls.splice(0), [`replace eno1 ${own}`, 'replace eno1 fe80::47 deprecated'])
  await daemon.close()
  t.same([...kernel.held.keys()], ['eno1 fe80::1'])
})

t.test('what a killed run left on a link without carrier does not come back with it', async (t) => {
  const killed = setUp()
  await killed.look({})
  const others = setUp({ interfaces: ['wl*'] }, killed.kernel)
  await others.look({ running: false })
  t.equal(killed.kernel.held.size, 2, 'not on links that are not ours to see to')
  const { kernel, look } = setUp({}, killed.kernel)
  await look({ running: false })
  t.equal(kernel.held.size, 0)
})

t.test('without a link there is nothing to wake up for, for an hour', async (t) => {
  const { kernel, look, clock, asked, said } = setUp()
  for (; clock.now < 3_600_000; clock.now += 60_000) await look({ running: false })
  t.same([asked, kernel.calls], [[], []])
  t.equal(said.length, 1)
})

t.test('the clock of the system may jump: nothing is reckoned by it', async (t) => {
  const { kernel, look, clock, asked } = setUp()
  kernel.taken.add('eno1 fe80::47')
  await look({})
  kernel.settle()
  const systemClock = Date.now
  t.teardown(() => {
    Date.now = systemClock
  })
  for (const year of [1970, 2100]) {
    Date.now = () => Date.UTC(year)
    await look({})
  }
  t.same([...new Set(asked)], [500])
  clock.now = 500
  await look({})
  t.equal(kernel.calls.at(-1), 'replace eno1 fe80::47 deprecated')
})
