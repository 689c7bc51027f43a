import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { staticLinkLocal } from '../../common/contract.ts'
import { startAgent } from '../../scanner/demo/installer.ts'
import { type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import { type Diagnosis, diagnose, findingOf, mend } from './diagnosis.ts'
import {
  addressesSettled,
  bootInstaller,
  hear,
  type Lab,
  machine,
  makeLab,
  skipWithout,
  skipWithoutRoot,
} from './lab.ts'
import { skipWithoutResolved, startAvahi, startAvahiAlone, startResolved } from './responders.ts'
import { ipBatch, makeSwitch, plugInto } from './segment.ts'
import { addressesIn, type Heard } from './wire.ts'

t.jobs = 2
const mac = '52:54:00:12:34:56'

/** What a NixOS machine has by default, as its nftables module writes it. */
const stateful = `
table inet nixos-fw {
  chain input {
    type filter hook input priority 0; policy drop
    iif lo accept
    ct state vmap { established : accept, related : accept, new : jump allow, untracked : jump allow, invalid : drop }
    log prefix "refused"
  }
  chain allow {
    tcp dport 22 accept
    icmpv6 type != { nd-redirect, 139 } accept
  }
}`
const nft = (rules: string) => `table inet test { ${rules}\n}`
const withoutNdp = nft(
  'chain input { type filter hook input priority 0; policy drop; iif lo accept; udp dport 5353 accept; }',
)
const silenced = nft('chain output { type filter hook output priority 0; udp dport 5353 drop; }')

const firewallIn = ({ findings }: Diagnosis) =>
  findings.filter(({ layer }) => layer === 'firewall').map(({ level, code }) => `${level} ${code}`)

async function oneInstaller(t: Parameters<typeof makeLab>[0]): Promise<Lab> {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  await addressesSettled(lab.operator)
  return lab
}

t.test(
  'a firewall here, by its rules and by behaviour',
  { skip: skipWithoutRoot('ip', 'nft', 'iptables', 'setpriv'), buffered: true },
  async (t) => {
    const lab = await oneInstaller(t)
    const { operator } = lab
    const rule = (...args: string[]) => runInside(operator, 'nft', args)
    await rule(stateful)
    const closed = await diagnose(t, lab)
    t.same(firewallIn(closed), ['warn rules-drop-mdns', 'warn drops-multicast'])
    t.match(findingOf(closed, 'rules-drop-mdns').reason, /nftables, chain inet nixos-fw input/)
    t.equal(findingOf(closed, 'found').machine, '525400fffe123456', 'and is found all the same')
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    const rootless = await diagnose(t, lab, [], {}, nobody)
    t.same(firewallIn(rootless), ['warn drops-multicast'], 'by behaviour, where rules are hidden')
    t.match(findingOf(rootless, 'drops-multicast').reason, /cannot be read without root/)
    await mend(findingOf(closed, 'rules-drop-mdns'), lab)
    const open = await diagnose(t, lab, [], {}, nobody)
    t.same(firewallIn(open), ['ok open'], 'mended')
    t.match(findingOf(open, 'open').reason, /cannot be read without root: judged by behaviour/)

    await rule('flush', 'ruleset')
    await rule(withoutNdp)
    const blind = await diagnose(t, lab)
    t.match(findingOf(blind, 'rules-drop-ndp').level, 'fail')
    await mend(findingOf(blind, 'rules-drop-ndp'), lab)
    t.notMatch(firewallIn(await diagnose(t, lab)), ['fail rules-drop-ndp'], 'mended')

    await rule('flush', 'ruleset')
    await rule(silenced)
    const mute = await diagnose(t, lab)
    t.same(firewallIn(mute), ['fail question-refused'])

    await rule('flush', 'ruleset')
    const table = [
      '-N mine',
      '-A mine -p ipv6-icmp -j ACCEPT',
      '-A mine -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-A mine -j DROP',
      '-A INPUT -j mine',
    ]
    for (const each of table) await runInside(operator, 'ip6tables', each.split(' '))
    const old = await diagnose(t, lab)
    t.match(findingOf(old, 'rules-drop-mdns').reason, /ip6tables, chain INPUT/)
    t.equal(
      findingOf(old, 'rules-drop-mdns').fix?.command,
      'ip6tables -I INPUT -p udp --dport 5353 -j ACCEPT',
    )
    await mend(findingOf(old, 'rules-drop-mdns'), lab)
    t.same(firewallIn(await diagnose(t, lab)), ['ok open'], 'mended')
  },
)

const taker = `
import socket, sys, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(('::', 5353))
print('taken', file=sys.stderr, flush=True)
time.sleep(600)`

t.test(
  'port 5353, held by a program for itself, and shared with avahi',
  { skip: skipWithoutRoot('ip', 'python3', 'avahi-daemon', 'dbus-daemon'), buffered: true },
  async (t) => {
    const lab = await oneInstaller(t)
    const { operator } = lab
    const holder = operator.start(['python3', '-c', taker])
    await new Promise((resolve) => holder.stderr.once('data', resolve))
    const ill = await diagnose(t, lab)
    const held = findingOf(ill, 'port-held')
    t.match(held, { level: 'warn', reason: /held by python3, who shares it with nobody/ })
    t.match(await mend(held, lab), /python3/, 'the command shows who it is')
    t.equal(findingOf(ill, 'found').level, 'ok', 'found without')
    holder.kill('SIGKILL')
    await new Promise((resolve) => holder.once('close', resolve))
    await startAvahi(lab, operator, 'operator')
    const settings = join(lab.files.folder, 'avahi-daemon.conf')
    await writeFile(settings, '[server]\nuse-ipv6=no\ndeny-interfaces=lo,op0\n')
    await runInside(operator, 'mount', ['--bind', settings, '/etc/avahi/avahi-daemon.conf'])
    const settled = await diagnose(t, lab)
    for (const code of ['avahi-ipv4-only', 'avahi-deaf'])
      t.match(findingOf(settled, code), { level: 'warn', layer: 'port' })
    await runInside(operator, 'umount', ['/etc/avahi/avahi-daemon.conf'])
    const shared = await diagnose(t, lab)
    t.match(findingOf(shared, 'port-shared').reason, /shared with avahi-daemon/)
    t.same(
      shared.findings.filter(({ layer, level }) => layer === 'port' && level !== 'ok'),
      [],
    )
  },
)

t.test(
  'avahi and systemd-resolved on one machine',
  {
    skip: skipWithoutRoot('ip', 'avahi-daemon', 'dbus-daemon', 'busctl') || skipWithoutResolved,
    buffered: true,
  },
  async (t) => {
    const lab = await oneInstaller(t)
    await startResolved(lab, lab.operator, 'operator', 'op0')
    await startAvahiAlone(lab, lab.operator, 'other')
    const { findings } = await diagnose(t, lab)
    const port = findings.filter(({ layer }) => layer === 'port').map(({ code }) => code)
    t.same(port, ['port-shared', 'two-responders'])
  },
)

/** A switch with an installer's machine, a router and the operator, on ports `in`, `router` and `op`. */
async function atSwitch(t: Parameters<typeof makeLab>[0]) {
  const lab = await makeLab(t)
  const hub = await makeSwitch(t)
  const installer = await machine(t)
  const router = await machine(t)
  await plugInto(hub, 'op', { namespace: lab.operator, card: 'op0' })
  await plugInto(hub, 'in', { namespace: installer, mac })
  await plugInto(hub, 'router', { namespace: router })
  for (const each of [lab.operator, installer, router, hub]) await addressesSettled(each)
  // It asks who listens, now that it has an address to ask from, and believes what it hears after that.
  const br0 = 'link set br0 type bridge'
  await ipBatch(
    hub,
    `${br0} mcast_query_response_interval 10`,
    // Another, half a minute later, would bring back whom a test has it forget.
    `${br0} mcast_startup_query_count 1`,
    `${br0} mcast_querier 1`,
  )
  return { lab, hub, installer, router }
}

t.test(
  'a switch that keeps multicast, or machines, apart',
  { skip: skipWithout('ip', 'ping', 'bridge', 'ssh-keygen'), buffered: true },
  async (t) => {
    const { lab, hub, installer, router } = await atSwitch(t)
    await startAndAnnounce(lab, installer)
    t.equal(findingOf(await diagnose(t, lab), 'heard').level, 'ok')

    // It has forgotten who listens, as without a querier: the group's packets go nowhere.
    await forgetListeners(hub, 'in')
    const snooped = await diagnose(t, lab)
    t.match(findingOf(snooped, 'multicast-lost'), { level: 'warn', interface: 'op0' })
    t.equal(findingOf(snooped, 'found').machine, '525400fffe123456', 'and is found all the same')

    for (const port of ['op', 'in'])
      await runInside(hub, 'bridge', ['link', 'set', 'dev', port, 'isolated', 'on'])
    const [address = ''] =
      (await runInside(router, 'ip', ['-6', '-o', 'address', 'show', 'dev', 'in0'])).match(
        /fe80::[^/]*/,
      ) ?? []
    await ipBatch(hub, 'address flush dev br0')
    await ipBatch(lab.operator, `route add default via ${address} dev op0`, 'neighbour flush all')
    const isolated = await diagnose(t, lab)
    t.match(findingOf(isolated, 'only-router'), { level: 'warn', reason: /client isolation/ })
    t.equal(findingOf(isolated, 'none-found').level, 'fail')

    for (const port of ['in', 'router']) await runInside(hub, 'ip', ['link', 'set', port, 'down'])
    await ipBatch(lab.operator, 'neighbour flush all')
    const alone = await diagnose(t, lab)
    t.match(findingOf(alone, 'nobody'), { level: 'warn', interface: 'op0' })
  },
)

/** Its last announcement has come (RFC 6762 section 8.3): one that came later would pass for an answer. */
async function startAndAnnounce(lab: Lab, installer: Namespace): Promise<void> {
  let started: Promise<unknown> | undefined
  let announcements = 0
  const isLast = ({ message }: Heard) => {
    if (message.response && addressesIn(message.answers).includes(staticLinkLocal)) announcements++
    return announcements === 2
  }
  await hear(lab.operator, { link: 'op0', family: 'IPv6' }, isLast, async () => {
    started = startAgent(installer, lab.files)
  })
  await started
}

/** As if the machine behind a port had not been asked for too long (RFC 4541 section 3). */
async function forgetListeners(hub: Namespace, port: string): Promise<void> {
  await runInside(hub, 'bridge', [
    'mdb',
    'del',
    'dev',
    'br0',
    'port',
    port,
    'grp',
    'ff02::fb',
    'temp',
  ])
}
