import t from 'tap'
import { runInside } from '../../scanner/demo/namespace.ts'
import type { Machine } from '../../scanner/machine.ts'
import {
  addressesSettled,
  bootInstaller,
  hear,
  type Lab,
  makeLab,
  plug,
  runNode,
  scannerProgram,
  skipWithout,
} from './lab.ts'

const skip = skipWithout('ip', 'ping', 'ssh-keygen')
const mac = '52:54:00:12:34:56'
const eui64 = 'fe80::5054:ff:fe12:3456'

interface Document {
  version: number
  installers: Machine[]
  warnings: string[]
}

t.test('find shows an installer with all that five sources tell of it', { skip }, async (t) => {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac, ipv4: '192.0.2.7/24', agent: ['--flake', '/iso/devos'] })
  await runInside(lab.operator, 'ip', ['address', 'add', '192.0.2.1/24', 'dev', 'op0'])

  const table = await lab.scanner(['find'])
  t.equal(table.status, 0, table.stderr)
  const [title = '', row = '', ...rest] = table.stdout.trimEnd().split('\n')
  t.match(title, /^NAME +TARGET +MAC +SSH +SYSTEM +FOUND BY$/)
  t.match(
    row,
    /^NixOS +fe80::5054:ff:fe12:3456%op0 +52:54:00:12:34:56 +yes .*mdns service neighbour static ssh$/,
  )
  t.same(rest, [], 'one row a machine')

  const json = await lab.scanner(['find', 'nixos.local', '--json'])
  const { version, installers, warnings } = JSON.parse(json.stdout) as Document
  t.equal(version, 1)
  t.same(warnings, [])
  const [installer] = installers
  t.match(installer, {
    id: '525400fffe123456',
    name: 'NixOS',
    hostname: 'NixOS.local',
    configuredName: 'NixOS',
    port: 22,
    target: `${eui64}%op0`,
    sources: ['mdns', 'service', 'neighbour', 'static', 'ssh'],
    agent: { flake: '/iso/devos' },
    ssh: { reachable: true, banner: /^SSH-2\.0-/, hostKeys: [/^SHA256:/] },
  })
  t.same(installer?.links, [
    {
      interface: 'op0',
      mac,
      eui64: '525400fffe123456',
      addresses: [
        { address: `${eui64}%op0`, kind: 'eui64' },
        { address: '192.0.2.7', kind: 'ipv4' },
        { address: 'fe80::47%op0', kind: 'static' },
      ],
    },
  ])
  const announced = await lab.scanner(['find', '--json', '--source', 'service'])
  const { agent } = (JSON.parse(announced.stdout) as Document).installers[0] ?? {}
  t.match(agent, { boot: /^[0-9a-f]{8}$/, version: /^\d+\.\d+\.\d+$/ })
})

t.test('each source alone finds it, on a cable without IPv4', { skip }, async (t) => {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  for (const source of ['mdns', 'service', 'static']) {
    const { status, stdout } = await lab.scanner(['find', '--source', source])
    t.equal(status, 0, source)
    t.match(stdout, `${eui64}%op0`)
  }
  const all = await lab.scanner(['find', '--all', '--source', 'neighbour'])
  t.match(all.stdout, `${eui64}%op0`)
})

t.test(
  'installers of one name on two links are two rows, each with our own zone',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const macs = ['52:54:00:00:00:0a', '52:54:00:00:00:0b']
    await bootInstaller(t, lab, { link: 'op0', mac: macs[0] ?? '' })
    await bootInstaller(t, lab, { link: 'op1', mac: macs[1] ?? '' })
    const { stdout } = await lab.scanner(['find', '--json'])
    const { installers } = JSON.parse(stdout) as Document
    t.same(
      installers.map(({ name, target }) => [name, target]),
      [
        ['NixOS', 'fe80::5054:ff:fe00:a%op0'],
        ['NixOS', 'fe80::5054:ff:fe00:b%op1'],
      ],
    )
    for (const { links } of installers)
      t.equal(
        links.flatMap((link) => link.addresses).filter((each) => each.kind === 'static').length,
        1,
      )
    const one = await lab.scanner(['find', '--interface', 'op1', '--json'])
    t.equal((JSON.parse(one.stdout) as Document).installers.length, 1)
  },
)

t.test('nothing found is status 3, with what to look at', { skip }, async (t) => {
  const lab = await makeLab(t)
  await plug(t, lab)
  await addressesSettled(lab.operator)
  const { status, stdout, stderr } = await lab.scanner(['find', '--timeout', '500ms'])
  t.equal(status, 3)
  t.equal(stdout, '', 'stdout is for data')
  t.match(stderr, /no installer was found in 0\.5 s\n.*same cable/)
  const json = await lab.scanner(['find', '--timeout', '500ms', '--json'])
  t.equal(json.status, 3)
  t.same((JSON.parse(json.stdout) as Document).installers, [])
})

t.test('a link that vanishes while find looks is a warning', { skip }, async (t) => {
  const lab = await makeLab(t)
  const far = await plug(t, lab)
  await addressesSettled(lab.operator)
  await addressesSettled(far)
  // The first question, from two ports, leaves before the links are looked at; it is repeated after that.
  let questions = 0
  let looking: ReturnType<Lab['scanner']> | undefined
  const isRepeated = () => ++questions > 2
  await hear(far, { link: 'in0', family: 'IPv6', queries: true }, isRepeated, async () => {
    looking = lab.scanner(['find', '--timeout', '3s'])
  })
  await runInside(lab.operator, 'ip', ['link', 'delete', 'op0'])
  const found = await looking
  t.equal(found?.status, 3)
  t.match(found?.stderr, /warning: mdns on op0: op0, or its address, is gone/)
  t.notMatch(found?.stderr, /\n +at /, 'no stack trace')
})

t.test(
  'a host without our agent and without mDNS is shown under --all only',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    await plug(t, lab, { mac })
    await addressesSettled(lab.operator)
    t.equal((await lab.scanner(['find', '--timeout', '1s'])).status, 3)
    const { stdout } = await lab.scanner(['find', '--all'])
    t.match(stdout, new RegExp(`^- +${eui64}%op0 +${mac} +no`, 'm'))
  },
)

t.test('wrong input is status 2 and says what would be right', { skip }, async (t) => {
  const lab = await makeLab(t)
  const cases: [string[], RegExp][] = [
    [['find', '--interface', 'nope0'], /no interface 'nope0' here\n.*there are: lo/],
    [['find', '--timeout', 'soon'], /expected a duration, got '--timeout soon'\n.*500ms/],
    [['find', '--source', 'magic'], /Invalid values/],
    [['find', '--jsn'], /there is no option --jsn\n.*did you mean --json/],
    [['fnd'], /there is no 'scanner fnd'\n.*did you mean find/],
    [[], /say what to do/],
    [['ssh'], /name an installer/],
  ]
  for (const [args, complaint] of cases) {
    const { status, stderr } = await lab.scanner(args)
    t.equal(status, 2, args.join(' '))
    t.match(stderr, complaint)
    t.notMatch(stderr, /\n +at /, 'no stack trace')
  }
})

t.test('no link at all is status 3, at once', { skip }, async (t) => {
  const { scanner } = await makeLab(t)
  const { status, stderr } = await scanner(['find'])
  t.equal(status, 3)
  t.match(stderr, /no link to search.*\n.*plug in the cable/)
})

t.test('without ping and ip it finds by mDNS, and says what is missing', { skip }, async (t) => {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  const empty = t.testdir()
  // A mount namespace of its own, in which the commands are not there.
  const hide = `for d in /usr/sbin /sbin; do mount --bind ${empty} $d 2>/dev/null; done; exec "$0" "$@"`
  const enter = [...lab.operator.enter, 'unshare', '--mount', 'sh', '-c', hide]
  const { status, stdout, stderr } = await runNode(
    { ...lab.operator, enter },
    scannerProgram,
    ['find'],
    {
      PATH: empty,
    },
  )
  t.equal(status, 0, stderr)
  t.match(stdout, `${eui64}%op0`)
  t.match(stderr, /'ping' was not found.*iputils-ping/)
  t.match(stderr, /'ip' was not found/)
})

t.test(
  'containers and tunnels are left out and say why; a bridge with a cable is not',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const ip = (...args: string[]) => runInside(lab.operator, 'ip', args)
    await bootInstaller(t, lab, { mac, link: 'eth1' })
    await ip('link', 'add', 'br0', 'type', 'bridge')
    await ip('link', 'set', 'eth1', 'master', 'br0')
    await ip('link', 'set', 'br0', 'up')
    await ip('link', 'add', 'docker0', 'type', 'bridge')
    await ip('link', 'set', 'docker0', 'up')
    await plug(t, lab, { link: 'veth1a2b', mac: '52:54:00:00:00:02' })
    await ip('link', 'set', 'veth1a2b', 'master', 'docker0')
    await addressesSettled(lab.operator)
    const { status, stdout, stderr } = await lab.scanner(['find', '-v'])
    t.equal(status, 0, stderr)
    t.match(stdout, `${eui64}%br0`)
    const said = stderr.split('\n').filter((line) => line.includes('is not searched'))
    t.match(said, [
      /^scanner: lo is not searched: it leads back to this machine/,
      /^scanner: eth1 is not searched: it is a port of br0, .*'--interface eth1' searches it/,
      /^scanner: docker0 is not searched: it is a bridge of containers/,
      /^scanner: veth1a2b is not searched: it is a port of docker0/,
    ])
    t.equal(said.length, 4)
    const named = await lab.scanner(['find', '--all', '--interface', 'docker0', '--json'])
    const { installers } = JSON.parse(named.stdout) as Document
    t.same(
      installers.map(({ id }) => id),
      ['525400fffe000002'],
    )
  },
)
