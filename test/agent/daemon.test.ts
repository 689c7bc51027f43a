import t from 'tap'
import { Daemon } from '../../agent/daemon.ts'
import { PermissionFailure } from '../../agent/kernel.ts'
import type { Link } from '../../common/links.ts'
import { FakeKernel } from '../fakes/kernel.ts'
import { fakeAddress, fakeLink } from '../fakes/link.ts'

const own = 'fe80::5054:ff:fe12:3456'
const noIdentity = { host: 'NixOS', user: 'nixos', hostKeys: [], boot: '', agent: '' }

/** A daemon without mDNS on a fake kernel; `said` has the log's warnings. */
function setUp(over: { addresses?: boolean; interfaces?: string[] } = {}) {
  const kernel = new FakeKernel()
  const said: string[] = []
  const quiet = () => {}
  const daemon = new Daemon({
    options: {
      hostname: 'NixOS',
      user: 'nixos',
      sshPort: 22,
      interfaces: [],
      staticAddress: 'fe80::47',
      addresses: true,
      mdns: false,
      hostKeys: '/none',
      flake: undefined,
      logLevel: 'silent',
      ...over,
    },
    identity: { ...noIdentity, os: undefined, flake: undefined },
    log: { error: quiet, info: quiet, debug: quiet, warn: (_, sentence) => said.push(sentence) },
    kernel,
    lookAgainIn: quiet,
  })
  /** Lets the daemon look at links as the kernel has them by now. */
  const look = (...links: Partial<Link>[]) =>
    daemon.lookAgain(
      links.map((each) => {
        const link = fakeLink(each)
        const held = [...kernel.held].filter((entry) => entry.startsWith(`${link.name} `))
        const added = held.map((entry) => fakeAddress(entry.slice(link.name.length + 1)))
        return { ...link, addresses: [...link.addresses, ...added] }
      }),
    )
  return { daemon, kernel, said, look }
}

t.test(
  'adds what is missing once, again when it is lost, and takes it away at the end',
  async (t) => {
    const { daemon, kernel, look } = setUp()
    await look({})
    await look({})
    t.same(kernel.calls, [`add eno1 ${own}`, 'add eno1 fe80::47 deprecated'])
    kernel.held.delete(`eno1 ${own}`)
    await look({})
    t.same(kernel.calls.splice(0), [
      `add eno1 ${own}`,
      'add eno1 fe80::47 deprecated',
      `add eno1 ${own}`,
    ])
    await daemon.close()
    t.same(kernel.calls.sort(), [`remove eno1 fe80::47`, `remove eno1 ${own}`])
  },
)

t.test('an address of another program is neither added nor removed', async (t) => {
  const { daemon, kernel, look } = setUp()
  await look({ addresses: [fakeAddress(own), fakeAddress('192.0.2.7')] })
  await daemon.close()
  t.same(kernel.calls, ['add eno1 fe80::47 deprecated', 'remove eno1 fe80::47'])

  const late = setUp()
  late.kernel.held.add(`eno1 ${own}`).add('eno1 fe80::47')
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

t.test('a duplicate address is a warning, and the address is left to the kernel', async (t) => {
  const { kernel, look, said } = setUp()
  const failed = fakeAddress('fe80::47', { tentative: true, dadFailed: true })
  for (let looks = 0; looks < 2; looks++) await look({ addresses: [failed] })
  t.same(said, ['fe80::47 is held by another machine on eno1'])
  t.same(kernel.calls, [`add eno1 ${own}`])
})

t.test('a link that is gone is forgotten, one that is renamed is not', async (t) => {
  const { daemon, kernel, look } = setUp()
  await look({}, { index: 3, name: 'eno2', mac: '52:54:00:00:00:01' })
  kernel.held.clear()
  kernel.held.add(`lan0 ${own}`).add('lan0 fe80::47')
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
