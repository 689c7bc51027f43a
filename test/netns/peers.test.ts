import { userInfo } from 'node:os'
import t, { type Test } from 'tap'
import { macFromLinkLocal } from '../../common/address.ts'
import { startSshServer } from '../../scanner/demo/installer.ts'
import { type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import type { Machine } from '../../scanner/machine.ts'
import {
  addressesSettled,
  bootInstaller,
  type Lab,
  makeLab,
  plug,
  skipWithout,
  skipWithoutRoot,
  sshOptions,
  startDaemon,
} from './lab.ts'
import { skipWithoutResolved, startAvahi, startResolved } from './responders.ts'
import { eventually, linkOf, static_ } from './segment.ts'

const skip = skipWithoutRoot('ip', 'ping', 'ssh-keygen', 'sshd', 'nft')
const mac = '52:54:00:12:34:56'
const eui64 = 'fe80::5054:ff:fe12:3456'

async function find(lab: Lab, ...args: string[]): Promise<Machine[]> {
  const { stdout } = await lab.scanner(['find', '--json', ...args])
  return (JSON.parse(stdout) as { installers: Machine[] }).installers
}

/** A machine without our agent: the kernel, its ssh server, and what is done before that is started. */
async function bootHost(
  t: Test,
  lab: Lab,
  prepare: (namespace: Namespace) => Promise<unknown> = async () => {},
): Promise<Namespace> {
  const namespace = await plug(t, lab, { mac })
  await prepare(namespace)
  await addressesSettled(namespace)
  await addressesSettled(lab.operator)
  await startSshServer(namespace, lab.files)
  return namespace
}

const mdnsPackets = 'udp sport 5353 drop; udp dport 5353 drop'
const echoesTo = (group: string) => `ip6 daddr ${group} icmpv6 type echo-request drop`
const echoes = 'icmpv6 type { echo-request, echo-reply } drop'
const tcp = 'tcp dport 22 drop'

/** What the operator's machine shuts, in and out, to leave one source alone; and one that is shut then. */
const alone: [source: string, rules: string[], shut: string][] = [
  ['mdns', [echoes, tcp], 'static'],
  ['service', [echoes, tcp], 'static'],
  ['neighbour', [mdnsPackets, echoesTo('ff02::1:ff00:47')], 'service'],
  ['static', [mdnsPackets, echoesTo('ff02::1')], 'mdns'],
]

t.test('each source alone, the other ways being shut, finds an installer', { skip }, async (t) => {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  await addressesSettled(lab.operator)
  for (const [source, rules, shut] of alone) {
    const chains = ['input', 'output'].map(
      (hook) => `chain ${hook} { type filter hook ${hook} priority 0; ${rules.join('; ')}; }`,
    )
    const firewall = `flush ruleset; table inet shut { ${chains.join('; ')}; }`
    await runInside(lab.operator, 'nft', [firewall])
    // Who has just started announces itself to all, asked or not (RFC 6762 section 8.3).
    const unheard = await eventually(
      () => find(lab, '--source', shut, '--timeout', '500ms'),
      (installers) => installers.length === 0,
    )
    t.same(unheard, [], `${shut} is shut`)
    const installers = await find(lab, '--source', source)
    t.match(installers, [{ id: '525400fffe123456', target: `${eui64}%op0`, sources: [source] }])
    t.equal(installers.length, 1, source)
  }
})

t.test(
  'avahi that publishes its host name only, and no link-local address',
  { skip: skip || skipWithout('avahi-daemon', 'dbus-daemon') },
  async (t) => {
    const lab = await makeLab(t)
    const namespace = await bootHost(t, lab, (host) =>
      // With an address of a prefix avahi leaves the link-local ones out.
      runInside(host, 'ip', ['address', 'add', 'fd00:db8::7/64', 'dev', 'in0', 'nodad']),
    )
    await runInside(lab.operator, 'ip', ['address', 'add', 'fd00:db8::1/64', 'dev', 'op0', 'nodad'])
    await startAvahi(lab, namespace, 'nixos')
    const [installer, ...others] = await find(lab)
    t.same(others, [])
    t.match(installer, {
      id: '525400fffe123456',
      name: 'nixos',
      agent: null,
      target: `${eui64}%op0`,
    })
    t.same(
      installer?.links.map((link) => [link.mac, link.addresses.map(({ address }) => address)]),
      [[mac, [`${eui64}%op0`, 'fd00:db8::7']]],
    )
  },
)

t.test(
  'avahi that publishes an ssh server under a name of its own is meant by that name only',
  { skip: skip || skipWithout('avahi-daemon', 'avahi-publish', 'dbus-daemon') },
  async (t) => {
    const lab = await makeLab(t)
    const namespace = await bootHost(t, lab)
    await startAvahi(lab, namespace, 'workshop')
    const publish = ['avahi-publish', '-s', 'Workshop', '_ssh._tcp', '22']
    await startDaemon(namespace, publish, /Established under name/)
    const wanted = { id: '525400fffe123456', name: 'workshop', target: `${eui64}%op0`, agent: null }
    t.same(await find(lab, '--timeout', '1s'), [], 'not known to be an installer')
    t.match(await find(lab, 'workshop'), [wanted])
    t.match(await find(lab, '--all'), [wanted])
  },
)

t.test(
  'systemd-resolved, which publishes its host name only',
  { skip: skip || skipWithoutResolved || skipWithout('dbus-daemon', 'busctl') },
  async (t) => {
    const lab = await makeLab(t)
    const namespace = await bootHost(t, lab)
    await startResolved(lab, namespace, 'nixos', 'in0')
    const wanted = { id: '525400fffe123456', name: 'nixos', target: `${eui64}%op0`, agent: null }
    t.match(await find(lab), [{ ...wanted, links: [{ mac }], ssh: { reachable: true } }])
    t.match(await find(lab, '--source', 'mdns'), [wanted], 'by what it publishes alone')
  },
)

t.test('the static address alone, as networkd configures it', { skip }, async (t) => {
  const lab = await makeLab(t)
  const words = ['address', 'add', `${static_}/64`, 'dev', 'in0', 'preferred_lft', '0', 'nodad']
  await bootHost(t, lab, async (host) => {
    // One link-local address that can be used would pass for both.
    await addressesSettled(host)
    await runInside(host, 'ip', words)
  })
  const [installer, ...others] = await find(lab)
  t.same(others, [])
  t.match(installer, {
    id: '525400fffe123456',
    name: null,
    target: `${eui64}%op0`,
    agent: null,
    ssh: { reachable: true, hostKeys: [/^SHA256:/] },
  })
  t.same(
    installer?.links.map((link) => [link.mac, link.addresses.map(({ address }) => address)]),
    [[mac, [`${eui64}%op0`, `${static_}%op0`]]],
  )
})

/** The firewall of a stock ISO: ssh and ping, and what was asked for. */
const stockFirewall = `
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop
    iif lo accept
    ct state established,related accept
    tcp dport 22 accept
    icmpv6 type != { nd-redirect, 139 } accept
  }
}`

t.test('a stock ISO is shown with all that is known, under --all only', { skip }, async (t) => {
  const lab = await makeLab(t)
  const namespace = await bootHost(t, lab, async (host) => {
    const ip = (...args: string[]) => runInside(host, 'ip', ['link', 'set', 'in0', ...args])
    await ip('down')
    await ip('addrgenmode', 'random')
    await ip('up')
    await runInside(host, 'nft', [stockFirewall])
  })
  const address = (await linkOf(namespace, 'in0'))?.addresses[0]?.address ?? ''
  t.equal(macFromLinkLocal(address), undefined, 'its address does not tell its MAC')
  t.same(await find(lab, '--timeout', '1s'), [], 'not known to be an installer')
  const [host, ...others] = await find(lab, '--all')
  t.same(others, [])
  t.match(host, {
    id: '525400fffe123456',
    name: null,
    target: `${address}%op0`,
    agent: null,
    links: [{ interface: 'op0', mac, addresses: [{ address: `${address}%op0`, kind: 'lla' }] }],
    ssh: { reachable: true, banner: /^SSH-2\.0-OpenSSH_/, hostKeys: [/^SHA256:/] },
  })
  const table = (await lab.scanner(['find', '--all'])).stdout
  t.match(table, new RegExp(`^- +${address}%op0 +${mac} +yes +OpenSSH_`, 'm'))
  const options = [...sshOptions(lab), '-l', userInfo().username]
  const opened = await lab.scanner(['ssh', '--all', '34:56', ...options, '--', 'exit 7'])
  t.equal(opened.status, 7, opened.stderr)
})
