import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { type LinkFacts, linkStatus, type ResponderStatus } from '../../../agent/console/status.ts'
import { Daemon } from '../../../agent/daemon.ts'
import { namesAfter } from '../../../agent/mdns/names.ts'
import { FakeKernel } from '../../fakes/kernel.ts'
import { fakeAddress, fakeLink } from '../../fakes/link.ts'
import { fakeOptions } from '../../fakes/options.ts'
import { fakeLinkStatus, fakeStatus } from '../../fakes/status.ts'

const schema = JSON.parse(readFileSync('docs/status.schema.json', 'utf8')) as object
const validate = new Ajv2020({ allErrors: true, strict: true }).compile(schema)
const complaints = (document: unknown) => {
  const asRead: unknown = JSON.parse(JSON.stringify(document))
  return validate(asRead) ? [] : (validate.errors ?? [])
}

const own = 'fe80::5054:ff:fe12:3456'
const packets = { received: 3, malformed: 1, answered: 2, sent: 5 }
/** A responder that claims the host names of these labels, and a service. */
const responder = (
  state: 'probing' | 'held',
  labels: string[] = ['NixOS', 'nixos-123456'],
): ResponderStatus => {
  const names = [...labels.map((label) => `${label}.local`), 'NixOS._ssh._tcp.local']
  return { family: 'IPv6', names: names.map((name) => ({ name, state })), packets }
}
const silent: ResponderStatus = { family: 'IPv4', names: [], packets }
const kept = (retryIn?: number): LinkFacts['kept'] => [
  { address: own, state: 'usable', own: false, retryIn: undefined },
  { address: 'fe80::47', state: 'usable', own: true, retryIn },
]

function facts(over: Partial<LinkFacts> = {}): LinkFacts {
  const link = fakeLink({ addresses: [fakeAddress('fe80::47'), fakeAddress(own)] })
  return {
    link,
    kept: kept(),
    staticAddress: 'fe80::47',
    configuredName: 'NixOS',
    names: namesAfter(false, 0, 'NixOS', link.mac ?? ''),
    conflicts: 0,
    responders: [responder('held')],
    complaints: [],
    ...over,
  }
}

t.test('a link on which all is well', (t) => {
  t.same(linkStatus(facts()), fakeLinkStatus({ packets }))
  t.end()
})

t.test('names are told for each family that speaks', (t) => {
  const { names, packets: sum } = linkStatus(facts({ responders: [silent, responder('probing')] }))
  t.same(names, [
    { name: 'NixOS.local', family: 'IPv6', state: 'probing' },
    { name: 'nixos-123456.local', family: 'IPv6', state: 'probing' },
  ])
  t.same(sum, { received: 6, malformed: 2, answered: 4, sent: 10 })
  t.end()
})

t.test('a name that was lost stays visible, beside what took its place', (t) => {
  const names = namesAfter(true, 0, 'NixOS', '52:54:00:12:34:56')
  const status = linkStatus(
    facts({ names, conflicts: 1, responders: [responder('held', ['nixos-123456'])] }),
  )
  t.equal(status.hostname, 'nixos-123456.local')
  t.equal(status.conflicts, 1)
  t.same(status.names, [
    { name: 'NixOS.local', family: 'IPv6', state: 'lost' },
    { name: 'nixos-123456.local', family: 'IPv6', state: 'held' },
  ])
  t.end()
})

t.test('the static address: taken, being claimed, not there, not wanted', (t) => {
  const withStatic = (over: Parameters<typeof fakeAddress>[1]) =>
    fakeLink({ addresses: [fakeAddress(own), fakeAddress('fe80::47', over)] })
  const taken = linkStatus(
    facts({ link: withStatic({ tentative: true, dadFailed: true }), kept: kept(4000) }),
  )
  t.same(taken.static, { address: 'fe80::47', state: 'taken', retryInMs: 4000 })
  t.match(taken.addresses[1], { address: 'fe80::47', state: 'duplicate' })
  t.equal(linkStatus(facts({ link: withStatic({ tentative: true }) })).static?.state, 'tentative')
  const none = linkStatus(facts({ link: fakeLink({ addresses: [fakeAddress(own)] }) }))
  t.same(none.static, { address: 'fe80::47', state: 'none', retryInMs: null })
  t.match(none.addresses[1], { address: 'fe80::47', state: 'missing', ours: false })
  t.equal(linkStatus(facts({ staticAddress: undefined })).static, null)
  t.end()
})

t.test('the addresses of a link are told best first', (t) => {
  const all = ['fe80::47', '192.0.2.7', '2001:db8::7', own].map((each) => fakeAddress(each))
  const { addresses } = linkStatus(facts({ link: fakeLink({ addresses: all }) }))
  t.same(
    addresses.map(({ address }) => address),
    [own, '2001:db8::7', '192.0.2.7', 'fe80::47'],
  )
  t.end()
})

t.test('what a daemon tells fits the schema in docs', async (t) => {
  const quiet = () => {}
  const daemon = new Daemon({
    options: fakeOptions(),
    identity: {
      host: 'NixOS',
      user: 'nixos',
      hostKeys: [`SHA256:${'A'.repeat(43)}`],
      boot: '0a1b2c3d',
      agent: '1.0.0',
      os: undefined,
      flake: undefined,
    },
    log: { error: quiet, info: quiet, debug: quiet, warn: quiet },
    kernel: new FakeKernel(),
    certificates: { update: async () => {} },
    now: () => 0,
    random: () => 0,
    lookAgainIn: quiet,
  })
  t.same(complaints(daemon.status()), [], 'before it has looked')
  let changes = 0
  daemon.onChange = () => changes++
  await daemon.lookAgain([fakeLink(), fakeLink({ index: 3, name: 'eno2' })])
  t.ok(changes > 0)
  const status = daemon.status()
  t.same(complaints(status), [])
  t.match(status, {
    id: '525400fffe123456',
    agent: { pid: process.pid },
    links: [{ interface: 'eno1' }, { interface: 'eno2' }],
  })
  t.same(
    status.links[0]?.addresses.map(({ address, state, ours }) => [address, state, ours]),
    [
      [own, 'tentative', true],
      ['fe80::47', 'tentative', true],
    ],
  )
})

t.test('the schema takes what is promised and refuses the rest', (t) => {
  t.same(complaints(fakeStatus()), [])
  t.same(complaints(fakeStatus({ id: null, links: [] })), [])
  const link = (over: object) => ({ links: [{ ...fakeLinkStatus(), ...over }] })
  const address = { address: 'fe80::1', kind: 'lla', state: 'usable', ours: true }
  for (const over of [
    { version: 2 },
    { id: '' },
    { configuredName: 'NixOS.local' },
    { port: 0 },
    { hostKeys: ['MD5:00'] },
    { secret: 'x' },
    { agent: { version: '1.0.0', pid: 0, started: 'now', boot: '' } },
    link({ hostname: 'NixOS' }),
    link({ names: [{ name: 'NixOS.local', family: 'IPv6', state: 'silent' }] }),
    link({ names: [{ name: 'NixOS.local', family: 'both', state: 'held' }] }),
    link({ conflicts: -1 }),
    link({ addresses: [{ ...address, address: 'fe80::1%eno1' }] }),
    link({ addresses: [{ ...address, state: 'dadfailed' }] }),
    link({ addresses: [{ ...address, kind: 'ipv6' }] }),
    link({ static: { address: 'fe80::47', state: 'lost', retryInMs: null } }),
    link({ static: undefined }),
    link({ packets: { received: 1 } }),
    link({ complaints: [''] }),
  ])
    t.not(complaints({ ...fakeStatus(), ...over }).length, 0, JSON.stringify(over))
  t.end()
})
