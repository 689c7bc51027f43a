import t, { type Test } from 'tap'
import { runInside } from '../../scanner/demo/namespace.ts'
import {
  addressesSettled,
  bootInstaller,
  type Lab,
  makeLab,
  plug,
  skipWithout,
  sshOptions,
} from './lab.ts'
import { startLive } from './live.ts'

const skip = skipWithout('ip', 'ping', 'ssh-keygen', 'nft')
t.jobs = 2
const mac = '52:54:00:12:34:56'

/** What a NixOS machine has by default: only what was asked for comes in, and ICMPv6 for NDP. */
const stateful = `
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop
    ct state established,related accept
    meta l4proto ipv6-icmp accept
    iif lo accept
  }
}`

interface Document {
  installers: { id: string; name: string; links: { addresses: { address: string }[] }[] }[]
  warnings: string[]
}

async function find(lab: Lab, ...args: string[]): Promise<Document> {
  const { stdout } = await lab.scanner(['find', '--json', ...args])
  return JSON.parse(stdout) as Document
}

const complaints = ({ warnings }: Document) =>
  warnings.filter((each) => each.includes('drops multicast DNS'))

async function oneInstaller(t: Test): Promise<Lab> {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  await addressesSettled(lab.operator)
  return lab
}

async function twoInstallers(t: Test): Promise<Lab> {
  const lab = await oneInstaller(t)
  await bootInstaller(t, lab, { link: 'op1', mac: '52:54:00:00:00:99' })
  await addressesSettled(lab.operator)
  return lab
}

t.test(
  'behind a firewall that lets only answers in, every installer is found, by name and id',
  { skip, buffered: true },
  async (t) => {
    const lab = await twoInstallers(t)
    await runInside(lab.operator, 'nft', [stateful])
    const found = await find(lab)
    t.same(found.installers.map(({ id, name }) => `${id} ${name}`).sort(), [
      '525400fffe000099 NixOS',
      '525400fffe123456 NixOS',
    ])
    const addresses = found.installers.flatMap(({ links }) =>
      links.flatMap((link) => link.addresses.map((each) => each.address)),
    )
    t.ok(addresses.includes('fe80::5054:ff:fe12:3456%op0'))
    t.ok(addresses.includes('fe80::5054:ff:fe00:99%op1'))
    t.equal(complaints(found).length, 2, 'once a link')
    t.match(complaints(found)[0], /5353.*NixOS: .*firewalld: .*nftables: /)

    const ssh = await lab.scanner(['ssh', '3456', ...sshOptions(lab), '--', 'exit 7'])
    t.equal(ssh.status, 7, ssh.stderr)
    await runInside(lab.operator, 'nft', ['add rule inet filter input udp dport 5353 accept'])
    t.same(complaints(await find(lab)), [], 'the port is open')
  },
)

t.test(
  'that nobody answers by multicast is no firewall of ours',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    await plug(t, lab, { mac })
    await addressesSettled(lab.operator)
    t.same(complaints(await find(lab, '--all')), [], 'a machine without mDNS')
    await bootInstaller(t, lab, { link: 'op1', mac: '52:54:00:00:00:99' })
    await addressesSettled(lab.operator)
    t.same(complaints(await find(lab)), [], 'and one with')
  },
)

t.test(
  'where packets are lost, an installer is seldom missed, even alone on its link',
  { skip },
  async (t) => {
    const lab = await twoInstallers(t)
    const lossy = 'type filter hook input priority -10; numgen random mod 100 < 20 drop;'
    await runInside(lab.operator, 'nft', [`table inet loss { chain input { ${lossy} }\n}`])
    // Of a link with one machine nothing tells that packets are lost when all of that machine's are.
    const looks = 5
    const times = new Map<string, number>()
    for (let i = 0; i < looks; i++)
      for (const { id } of (await find(lab)).installers) times.set(id, (times.get(id) ?? 0) + 1)
    for (const id of ['525400fffe000099', '525400fffe123456'])
      t.ok((times.get(id) ?? 0) >= looks - 2, `${id}: ${times.get(id)} of ${looks}`)
  },
)

t.test('a watch warns of a firewall once, of none never, and loses nobody', { skip }, (t) => {
  t.jobs = 2
  for (const firewall of [stateful, undefined])
    t.test(firewall ? 'with a firewall' : 'without', { buffered: true }, async (t) => {
      const lab = await oneInstaller(t)
      if (firewall) await runInside(lab.operator, 'nft', [firewall])
      // Rounds come after one, two and four seconds.
      const watch = startLive(t, lab, ['find', '--watch', '--ndjson', '--timeout', '8s'])
      const { status, stderr } = await watch.ended
      t.equal(status, 0, stderr)
      const [first, ...later] = watch.events
      t.match(first, { event: 'found', installer: { id: '525400fffe123456' } })
      t.same(
        later.filter(({ event }) => event !== 'changed'),
        [],
        'found once, never lost',
      )
      t.match(watch.events.at(-1)?.installer, { name: 'NixOS', ssh: { reachable: true } })
      const warnings = stderr.split('\n').filter(Boolean)
      t.match(warnings, firewall ? [/a firewall on this machine drops multicast DNS on op0/] : [])
      t.equal(warnings.length, firewall ? 1 : 0)
    })
  t.end()
})
