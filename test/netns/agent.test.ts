import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { ResourceRecord } from '../../common/message.ts'
import { agentProgram, startAgent, stop } from '../../scanner/demo/installer.ts'
import { connect, runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import {
  addressesOf,
  addressesSettled,
  bootInstaller,
  hear,
  machine,
  makeLab,
  plug,
  runNode,
  skipWithout,
  skipWithoutRoot,
} from './lab.ts'
import { addressesIn, type Heard } from './wire.ts'

const skip = skipWithout('ip', 'ssh-keygen')
const mac = '52:54:00:12:34:56'
const eui64 = 'fe80::5054:ff:fe12:3456'
const ssh = { name: '_ssh._tcp.local', type: 'PTR' }
const isAnswer = ({ message }: Heard) => message.response
const lines = (records: ResourceRecord[]) =>
  records.map(({ name, type, data }) =>
    `${name} ${type} ${typeof data === 'string' ? data : ''}`.trim(),
  )

t.test(
  'it adds the EUI-64 and the static address, deprecated, and removes what it added',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const namespace = await plug(t, lab, { mac })
    // As with NetworkManager: the kernel makes no address of its own.
    await runInside(namespace, 'ip', ['link', 'set', 'in0', 'addrgenmode', 'none'])
    await runInside(namespace, 'ip', ['link', 'set', 'in0', 'down'])
    await runInside(namespace, 'ip', ['link', 'set', 'in0', 'up'])
    t.same(await addressesOf(namespace, 'in0'), [])
    const agent = await startAgent(namespace, lab.files)
    t.same((await addressesOf(namespace, 'in0')).sort(), ['fe80::47/64', `${eui64}/64`])
    const deprecated = await runInside(namespace, 'ip', ['-6', 'address', 'show', 'deprecated'])
    t.match(deprecated, /fe80::47\/64 metric 256 scope link deprecated[\s\S]*preferred_lft 0sec/)
    t.notMatch(deprecated, eui64, 'replies leave from the EUI-64 address')
    await stop(agent)
    t.same(await addressesOf(namespace, 'in0'), [], 'nothing is left')
  },
)

t.test('what was there before stays when the agent leaves', { skip }, async (t) => {
  const lab = await makeLab(t)
  const namespace = await plug(t, lab, { mac })
  await runInside(namespace, 'ip', [
    'address',
    'add',
    'fe80::47/64',
    'dev',
    'in0',
    'preferred_lft',
    '0',
  ])
  const agent = await startAgent(namespace, lab.files)
  await stop(agent)
  t.same((await addressesOf(namespace, 'in0')).sort(), ['fe80::47/64', `${eui64}/64`])
})

t.test(
  'it answers to the group, to a one-shot querier and to a direct question',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    await bootInstaller(t, lab, { mac })
    const link = { link: 'op0', family: 'IPv6' as const }

    const oneShot = await hear(lab.operator, { ...link, questions: [ssh] }, isAnswer)
    t.equal(oneShot.unicast, true, 'legacy unicast (RFC 6762 section 6.7)')
    t.same(
      oneShot.message.questions.map((each) => each.name),
      ['_ssh._tcp.local'],
    )
    t.ok(
      [...oneShot.message.answers, ...oneShot.message.additionals].every(
        (each) => each.ttl <= 10 && !each.flush,
      ),
    )
    t.same(lines(oneShot.message.answers), ['_ssh._tcp.local PTR NixOS._ssh._tcp.local'])
    t.same(addressesIn(oneShot.message.additionals), [eui64, 'fe80::47'], 'EUI-64 first')

    // A type that the name lacks: what was announced within the last second would not be repeated.
    const questions = [{ name: 'NixOS.local', type: 'SRV' }]
    const isNsec = ({ message }: Heard) => message.answers[0]?.type === 'NSEC'
    const full = await hear(lab.operator, { ...link, full: true, questions }, isNsec)
    t.equal(full.unicast, false, 'to the group')
    t.equal(full.port, 5353)
    t.match(full.message.answers, [
      { name: 'NixOS.local', ttl: 120, flush: true, data: { rrtypes: ['AAAA'] } },
    ])

    for (const to of [eui64, 'fe80::47']) {
      const direct = await hear(
        lab.operator,
        { ...link, to, questions: [{ name: 'NixOS.local', type: 'AAAA' }] },
        isAnswer,
      )
      t.equal(direct.address, to, 'from the address that was asked, for firewalls')
      t.same(addressesIn(direct.message.answers), [eui64, 'fe80::47'])
    }
  },
)

t.test('each link hears of its own addresses only, IPv4 and IPv6', { skip }, async (t) => {
  const lab = await makeLab(t)
  const { namespace } = await bootInstaller(t, lab, { mac, ipv4: '192.0.2.7/24' })
  await runInside(lab.operator, 'ip', ['address', 'add', '192.0.2.1/24', 'dev', 'op0'])
  await connect(
    { namespace: lab.operator, interface: 'op1' },
    { namespace, interface: 'in1', mac: '52:54:00:12:34:57' },
  )
  await runInside(namespace, 'ip', ['address', 'add', '198.51.100.7/24', 'dev', 'in1'])
  await runInside(lab.operator, 'ip', ['address', 'add', '198.51.100.1/24', 'dev', 'op1'])
  const isComplete = ({ message }: Heard) =>
    message.response && addressesIn(message.answers).includes('fe80::47')
  await addressesSettled(lab.operator)
  await hear(lab.operator, { link: 'op1', family: 'IPv6' }, isComplete)

  const expected = {
    op0: [eui64, '192.0.2.7', 'fe80::47'],
    op1: ['fe80::5054:ff:fe12:3457', '198.51.100.7', 'fe80::47'],
  }
  for (const [link, addresses] of Object.entries(expected))
    for (const family of ['IPv6', 'IPv4'] as const) {
      const request = { link, family, questions: [{ name: 'nixos.LOCAL', type: 'ANY' }] }
      const { message } = await hear(lab.operator, request, isAnswer)
      t.same(addressesIn(message.answers), addresses, `${link} ${family}`)
    }
  // An announcement that comes meanwhile has it among its answers.
  const told = ({ message }: Heard) => JSON.stringify([message.answers, message.additionals])
  const ids = await Promise.all(
    ['op0', 'op1'].map(async (link) => {
      const request = { link, family: 'IPv6' as const, questions: [ssh] }
      const tellsText = (heard: Heard) => isAnswer(heard) && told(heard).includes('"TXT"')
      const heard = await hear(lab.operator, request, tellsText)
      return told(heard).includes(asJson('id=525400fffe123456'))
    }),
  )
  t.same(ids, [true, true], 'one id on all links')
})

/** How a string of a TXT record looks in what the listener prints. */
function asJson(text: string): string {
  return JSON.stringify(Buffer.from(text))
}

t.test('it says goodbye on SIGTERM', { skip }, async (t) => {
  const lab = await makeLab(t)
  const { stopAgent } = await bootInstaller(t, lab, { mac })
  const isGoodbye = ({ message }: Heard) =>
    message.answers.length > 0 && message.answers.every((each) => each.ttl === 0)
  const goodbye = await hear(lab.operator, { link: 'op0', family: 'IPv6' }, isGoodbye, stopAgent)
  t.ok(lines(goodbye.message.answers).includes('_ssh._tcp.local PTR NixOS._ssh._tcp.local'))
})

t.test(
  'a taken name: the second machine is nixos-MAC, the first keeps its own',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const bridge = ['link', 'add', 'br0', 'type', 'bridge']
    await runInside(lab.operator, 'ip', bridge)
    await runInside(lab.operator, 'ip', ['link', 'set', 'br0', 'up'])
    const [first, second] = [await machine(t), await machine(t)]
    for (const [index, namespace] of [first, second].entries()) {
      const far = { namespace, interface: 'in0', mac: `52:54:00:00:00:0${index + 1}` }
      await connect({ namespace: lab.operator, interface: `p${index}` }, far)
      await runInside(lab.operator, 'ip', ['link', 'set', `p${index}`, 'master', 'br0'])
    }
    await startAgent(first, lab.files)
    const agent = second.start([
      process.execPath,
      agentProgram,
      'run',
      '--host-keys',
      lab.files.folder,
    ])
    await untilSaid(agent, /"IPv6".*"nixos-000002\._ssh\._tcp\.local".*names are ours/)
    const { stdout } = await lab.scanner(['find', '--json', '--interface', 'br0'])
    const names = (JSON.parse(stdout) as { installers: { name: string; configuredName: string }[] })
      .installers
    t.same(
      names.map((each) => [each.name, each.configuredName]),
      [
        ['NixOS', 'NixOS'],
        ['nixos-000002', 'NixOS'],
      ],
    )
  },
)

t.test('CAP_NET_ADMIN is all it needs', { skip: skipWithoutRoot('ip', 'setpriv') }, async (t) => {
  const lab = await makeLab(t)
  const namespace = await plug(t, lab, { mac })
  const caps = '-all,+net_admin'
  const setpriv = ['setpriv', '--reuid=65534', '--clear-groups', `--bounding-set=${caps}`]
  const limits = [`--inh-caps=${caps}`, `--ambient-caps=${caps}`]
  const asNobody = { ...namespace, enter: [...namespace.enter, ...setpriv, ...limits] }
  const agent = await startAgent(asNobody, lab.files)
  const status = readFileSync(`/proc/${agent.pid}/status`, 'utf8')
  t.match(status, /^CapEff:\t0000000000001000$/m)
  t.match(status, /^Uid:\t65534\t/m)
  await stop(agent)
  t.same(await addressesOf(namespace, 'in0'), [`${eui64}/64`])
})

t.test(
  'without that permission it says so and leaves nothing',
  { skip: skipWithoutRoot('ip', 'setpriv') },
  async (t) => {
    const lab = await makeLab(t)
    const namespace = await plug(t, lab, { mac })
    await addressesSettled(namespace)
    const enter = [...namespace.enter, 'setpriv', '--reuid=65534', '--clear-groups']
    const { status, stderr } = await runNode({ ...namespace, enter }, agentProgram, ['run'])
    t.equal(status, 1)
    t.match(stderr, /no permission to add fe80::47 to in0: .*\n.*CAP_NET_ADMIN.*--no-addresses/)
    t.notMatch(stderr, /\n +at /)
    t.same(await addressesOf(namespace, 'in0'), [`${eui64}/64`])
  },
)

t.test(
  'port 5353 kept by another program is a warning; NDP finds the machine all the same',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const namespace = await plug(t, lab, { mac })
    const hog =
      "require('node:dgram').createSocket('udp6').bind(5353, () => console.error('bound'))"
    const keeper = namespace.start([process.execPath, '-e', hog])
    await once(keeper.stderr, 'data')
    const agent = namespace.start([process.execPath, agentProgram, 'run'])
    let said = ''
    for await (const chunk of agent.stderr) {
      said += chunk
      if (said.includes('held by a program')) break
    }
    t.match(said, /UDP port 5353 on in0 is held by a program that shares it with nobody/)
    t.match(said, /ss -ulpn/)
    await Promise.all([namespace, lab.operator].map(addressesSettled))
    const { stdout } = await lab.scanner(['find'])
    t.match(stdout, `${eui64}%op0`)
  },
)

t.test('links may come and go while it runs', { skip }, async (t) => {
  const lab = await makeLab(t)
  const { namespace, stopAgent } = await bootInstaller(t, lab, { mac })
  await runInside(namespace, 'ip', ['link', 'delete', 'in0'])
  const second = { namespace, interface: 'eno1', mac: '52:54:00:00:00:99' }
  await connect({ namespace: lab.operator, interface: 'op1' }, second)
  const isComplete = ({ message }: Heard) => addressesIn(message.answers).includes('fe80::47')
  await addressesSettled(lab.operator)
  const { message } = await hear(lab.operator, { link: 'op1', family: 'IPv6' }, isComplete)
  t.same(addressesIn(message.answers.slice(0, 2)), ['fe80::5054:ff:fe00:99', 'fe80::47'])
  await stopAgent()
  t.same(await addressesOf(namespace, 'eno1'), ['fe80::5054:ff:fe00:99/64'])
})

t.test('wrong options are status 2 and say what would be right', async (t) => {
  const cases: [string[], RegExp][] = [
    [['run', '--hostname', 'not a name'], /'not a name' is no host name\n.*--hostname NixOS/],
    [['run', '--hostname', 'a.b'], /'a.b' is no host name/],
    [['--user', '-oProxyCommand=x'], /is no login name|Not enough arguments|Unknown/],
    [['run', '--ssh-port', '70000'], /expected a port from 1 to 65535, got '70000'/],
    [['run', '--static-address', '192.0.2.1'], /expected a link-local address/],
    [['run', '--config', '/nonexistent'], /cannot read \/nonexistent as JSON/],
    [['walk'], /Unknown/],
  ]
  for (const [args, complaint] of cases) {
    const { status, stderr } = await runNode({ enter: ['env'] } as never, agentProgram, args)
    t.equal(status, 2, args.join(' '))
    t.match(stderr, complaint)
  }
})
