import t from 'tap'
import { Failure } from '../../../common/failure.ts'
import { judgeAddresses } from '../../../scanner/doctor/checks/address.ts'
import { judgeIdentity } from '../../../scanner/doctor/checks/identity.ts'
import { judgeFound } from '../../../scanner/doctor/checks/installer.ts'
import { judgeCard, leftOut } from '../../../scanner/doctor/checks/interface.ts'
import { judgeKeys } from '../../../scanner/doctor/checks/keys.ts'
import { judgeWay } from '../../../scanner/doctor/checks/link.ts'
import { judgeLogin } from '../../../scanner/doctor/checks/login.ts'
import { judgeNames } from '../../../scanner/doctor/checks/names.ts'
import { judgeTable, parseCount } from '../../../scanner/doctor/checks/neighbour.ts'
import { judgePing } from '../../../scanner/doctor/checks/ping.ts'
import { judgeAvahi, judgeHolders, judgeResponders } from '../../../scanner/doctor/checks/port.ts'
import { judgeWays } from '../../../scanner/doctor/checks/route.ts'
import { judgeAnswers } from '../../../scanner/doctor/checks/ssh.ts'
import { judgeParameters } from '../../../scanner/doctor/checks/sysctl.ts'
import { type Finding, pasteable, setSysctl } from '../../../scanner/doctor/finding.ts'
import { fakeAddress, fakeLink } from '../../fakes/link.ts'
import { fakeMachine } from '../../fakes/machine.ts'

const said = ({ level, code, fix }: Finding) =>
  `${level} ${code}${fix ? `: ${pasteable(fix, true)}` : ''}`
const all = (findings: readonly Finding[]) => findings.map(said)

t.test('cards', (t) => {
  const card = { isUp: true, isDormant: false, isWireless: false, speed: 1000, duplex: 'full' }
  const judge = (over: object, link = {}, isGrave = false) =>
    said(judgeCard(fakeLink(link), { ...card, ...over }, isGrave))
  t.equal(judge({}), 'ok up')
  t.equal(judge({ speed: 10 }), 'warn slow: ethtool eno1')
  t.equal(judge({ duplex: 'half' }), 'warn slow: ethtool eno1')
  t.equal(judge({ speed: undefined, duplex: undefined }), 'ok up')
  t.equal(judge({ isDormant: true }, {}, true), 'fail dormant: ip -d link show dev eno1')
  t.equal(judge({ isUp: false }), 'warn down: ip link set dev eno1 up')
  t.match(
    judgeCard(fakeLink({ running: false }), { ...card, isWireless: true }, false).reason,
    /joined no Wi-Fi/,
  )
  t.equal(
    leftOut([fakeLink({ name: 'veth1', kind: 'veth' }), fakeLink({ name: 'veth2', kind: 'veth' })])
      .length,
    1,
    'one line a reason',
  )
  t.end()
})

t.test('addresses', (t) => {
  const judge = (addresses: ReturnType<typeof fakeAddress>[], isOff = false, generation = 0) =>
    all(judgeAddresses(fakeLink({ addresses }), isOff, generation))
  t.same(judge([fakeAddress('fe80::2')]), ['ok link-local'])
  t.same(judge([fakeAddress('fe80::2', { tentative: true })]), [
    'warn tentative: scanner doctor --interface eno1',
  ])
  t.same(judge([fakeAddress('fe80::2', { tentative: true, dadFailed: true })]), [
    'fail duplicate-address: ip link set dev eno1 down && ip link set dev eno1 up',
  ])
  t.same(judge([fakeAddress('192.0.2.1')], true), [
    'fail ipv6-off: sysctl -w net.ipv6.conf.eno1.disable_ipv6=0',
  ])
  t.same(judge([]), ['fail no-link-local: ip address add fe80::5054:ff:fe12:3456/64 dev eno1'])
  t.same(setSysctl('net/ipv6/conf/eno1.10/disable_ipv6', 0), [
    'sysctl',
    '-w',
    'net/ipv6/conf/eno1.10/disable_ipv6=0',
  ])
  t.end()
})

t.test('routes, parameters and the table', (t) => {
  const here = { device: 'eno1' }
  t.same(all(judgeWays('eno1', here, here)), ['ok routes'])
  t.same(all(judgeWays('eno1', { device: 'wg0' }, here)), ['fail route-elsewhere: ip -6 rule show'])
  t.same(all(judgeParameters('eno1', [undefined, undefined])), [], 'not Linux')
  t.same(all(judgeParameters('eno1', [3, 0, 8, 20])), [
    'fail parameter: sysctl -w net.ipv4.neigh.eno1.mcast_solicit=3',
    'fail parameter: sysctl -w net.ipv4.conf.eno1.arp_ignore=0',
  ])
  t.equal(said(judgeTable(10, 1024)), 'ok table')
  t.equal(
    said(judgeTable(900, 1024)),
    'warn table-nearly-full: sysctl -w net.ipv6.neigh.default.gc_thresh3=8192',
  )
  t.equal(
    said(judgeTable(1024, 1024)),
    'fail table-full: sysctl -w net.ipv6.neigh.default.gc_thresh3=8192',
  )
  t.match(said(judgeTable(0, undefined)), /^warn limit-hidden/)
  t.equal(parseCount('entries  allocs destroys\n00000011  0000001b 0000000a\n00000011 0 0'), 17)
  t.equal(parseCount(''), undefined)
  t.end()
})

t.test('the port', (t) => {
  const taken = new Failure('UDP port 5353 on eno1 is held')
  t.equal(said(judgeHolders([], [])), 'ok port-free')
  t.equal(said(judgeHolders(['avahi-daemon'], [])), 'ok port-shared')
  t.match(said(judgeHolders(['minidlnad'], [taken])), /^warn port-held: ss -ulpn 'sport = :5353'$/)
  t.match(said(judgeHolders([], [new Failure('eno1 is gone')])), /^warn deaf/)
  const links = [{ name: 'eno1' }, { name: 'br lan' }]
  t.same(all(judgeResponders(['avahi-daemon', 'systemd-resolve'], links)), [
    "warn two-responders: resolvectl mdns eno1 no && resolvectl mdns 'br lan' no",
  ])
  t.same(judgeResponders(['avahi-daemon'], links), [])
  const codes = (text: string) => judgeAvahi(text, links).map(({ code }) => code)
  t.same(codes('[server]\nuse-ipv6=no\n'), ['avahi-ipv4-only'])
  t.same(codes('deny-interfaces=wlan0, eno1\n'), ['avahi-deaf'])
  t.same(codes('allow-interfaces=eno1,br lan\n#use-ipv6=no\n'), [])
  t.end()
})

t.test('ping', (t) => {
  t.match(
    said(judgePing(new Failure('ping may not send'))),
    /^warn ping-forbidden: sysctl -w 'net.ipv4.ping_group_range=0 2147483647'$/,
  )
  t.equal(
    said(judgePing(new Failure("the command 'ping' was not found on PATH"))),
    'warn ping-missing',
  )
  t.match(said(judgePing(new Failure('ping on eno1: no'))), /^warn ping-fails/)
  t.end()
})

t.test('what comes through', (t) => {
  const machine = fakeMachine()
  const querier = (heard: object) => ({
    heard: { fromGroup: 0, direct: 0, ownQuestion: true, ...heard },
    hearsGroup: true,
    askedGroup: true,
  })
  const judge = (heard: object, answered: number, link = {}, machines = [machine]) =>
    all(
      judgeWay(
        { link: fakeLink(link), querier: querier(heard), echoes: { sent: 1, answered } },
        machines,
        [{ address: 'fe80::9', link: 'eno1' }],
      ),
    )
  t.same(judge({ fromGroup: 1 }, 1), ['ok heard'])
  t.same(judge({ fromGroup: 1 }, 0), ['warn echo-lost: nft list ruleset'])
  t.same(judge({ direct: 1 }, 1), ['warn multicast-lost'])
  t.same(judge({ direct: 1 }, 1, { kind: 'bridge' }), [
    'warn multicast-lost: ip link set dev eno1 type bridge mcast_snooping 0',
  ])
  t.same(judge({ direct: 1, ownQuestion: false }, 1), ['ok heard'], 'that is the firewall')
  t.match(judge({}, 0, {}, []), [/^warn nobody/])
  const router = fakeMachine({
    links: [
      {
        interface: 'eno1',
        mac: null,
        eui64: null,
        addresses: [{ address: 'fe80::9%eno1', kind: 'lla' }],
      },
    ],
  })
  t.same(judge({}, 1, {}, [router]), ['warn only-router'])
  t.end()
})

t.test('names', (t) => {
  const none = { hosts: 'files dns', hasNscd: false, resolved: [], machine: undefined }
  const judge = (over: object) => judgeNames('NixOS.local', { ...none, ...over }).code
  const machine = fakeMachine()
  t.equal(judge({}), 'local-unknown')
  t.equal(judge({ hosts: 'mymachines resolve [!UNAVAIL=return] files dns' }), 'nsswitch')
  t.equal(judge({ machine, hosts: 'resolve files dns' }), 'resolved-silent')
  t.equal(judge({ machine, resolved: ['fe80::5054:ff:fe12:3456%eno1'] }), 'resolves')
  t.equal(judge({ machine, resolved: ['fe80::5054:ff:fe12:3456'] }), 'scope-lost')
  t.equal(judge({ machine, resolved: ['192.0.2.7'] }), 'resolves')
  t.equal(judge({ machine, resolved: ['192.0.2.8'] }), 'resolves-elsewhere')
  t.end()
})

t.test('who is found', (t) => {
  const machine = fakeMachine()
  const stranger = fakeMachine({
    id: '525400fffe000001',
    name: 'printer',
    configuredName: null,
    installer: false,
  })
  const judge = (machines: object[], meant: object[], name?: string) =>
    said(judgeFound({ machines, meant } as Parameters<typeof judgeFound>[0], name))
  t.equal(judge([machine], [machine]), 'ok found')
  const crowd = Array.from({ length: 10 }, () => machine)
  t.match(judgeFound({ machines: crowd, meant: crowd }, undefined).reason, /, and 2 more$/)
  t.equal(judge([], []), 'fail none-found: scanner find --wait')
  t.equal(
    judge([machine], [machine, machine], 'NixOS'),
    'fail ambiguous: scanner doctor 525400fffe123456',
  )
  t.equal(judge([machine], [], 'nixso.local'), 'fail not-found: scanner doctor NixOS')
  t.equal(judge([machine], [], 'x; rm'), "fail not-found: scanner wait 'x; rm' --for announced")
  t.equal(
    judge([stranger], [], 'printer'),
    'fail no-installer: scanner ssh --all fe80::5054:ff:fe12:3456%eno1',
  )
  t.end()
})

t.test('ssh, identity and login', (t) => {
  const machine = fakeMachine()
  const answers = (...each: string[]) =>
    judgeAnswers(machine, ['fe80::1%eno1', 'fe80::47%eno1'], each).code
  t.equal(answers('silent', 'open'), 'ssh-mute')
  t.equal(answers('silent', 'refused'), 'ssh-refused')
  t.equal(answers('silent', 'EHOSTUNREACH'), 'ssh-filtered')
  t.equal(answers('EPERM'), 'ssh-forbidden')
  t.equal(answers('EHOSTUNREACH'), 'ssh-unreachable')
  const shown = { key: 'SHA256:a', boot: '', announced: ['SHA256:b'] }
  t.equal(
    said(judgeIdentity(machine, 'contradicted', shown, undefined)),
    'fail key-contradicted: installer-agent issue',
  )
  t.same(all(judgeKeys({ files: [], agent: 'keys' })), ['ok keys'])
  t.same(all(judgeKeys({ files: [], agent: 'empty' })), ['warn no-key: ssh-add'])
  t.same(all(judgeKeys({ files: [{ path: "/it's", isOpen: true }], agent: 'gone' })), [
    "warn key-open: chmod 600 '/it'\\''s'",
    'warn agent-gone: unset SSH_AUTH_SOCK',
  ])
  const login = (status: number | null, stdout: string, stderr: string) =>
    all(judgeLogin(machine, status, stdout, stderr))
  t.same(login(127, '', 'installer-agent: not found'), ['ok login'], 'no agent there')
  t.same(login(0, '{"links":[{"complaints":"x"},{}]}', ''), ['ok login'])
  t.same(login(255, '', 'nixos@fe80::1: Permission denied (publickey).'), [
    'fail key-refused: ssh-copy-id nixos@fe80::5054:ff:fe12:3456%eno1',
  ])
  t.same(login(255, '', 'Host key verification failed.'), [
    'fail login-untrusted: installer-agent issue',
  ])
  t.same(login(255, '', ''), ['fail login-failed: scanner ssh 525400fffe123456 -v'])
  t.end()
})
