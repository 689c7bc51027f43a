import t from 'tap'
import { namesAfter } from '../../../agent/mdns/names.ts'
import { announcedAddresses, linkRecords } from '../../../agent/mdns/records.ts'
import type { ResourceRecord } from '../../../common/message.ts'
import { fakeAddress, fakeLink } from '../../fakes/link.ts'

const mac = '52:54:00:1a:e4:b7'
const own = fakeAddress('fe80::5054:ff:fe1a:e4b7')
const ipv4 = fakeAddress('192.0.2.7', { prefixLength: 24 })
const service = {
  id: '525400fffe000001',
  sshPort: 2222,
  staticAddress: 'fe80::47',
  identity: {
    host: 'NixOS',
    user: 'nixos',
    hostKeys: [],
    boot: '0a1b2c3d',
    agent: '1.0.0',
    os: undefined,
    flake: undefined,
  },
}
const shown = ({ name, type, ttl, flush, data }: ResourceRecord) => {
  const value = typeof data === 'string' ? data : Array.isArray(data) ? data.join(' ') : data
  return `${name} ${ttl}${flush ? ' unique' : ''} ${type} ${typeof value === 'string' ? value : JSON.stringify(value)}`
}

t.test('a link announces its names, reverse names and services (RFC 6762 10, RFC 6763)', (t) => {
  const link = fakeLink({ mac, addresses: [ipv4, own] })
  const srv = '{"priority":0,"weight":0,"port":2222,"target":"NixOS.local"}'
  const txt =
    'txtvers=1 id=525400fffe000001 eui64=525400fffe1ae4b7 host=NixOS user=nixos boot=0a1b2c3d agent=1.0.0 static=waiting'
  t.same(linkRecords(link, namesAfter(false, 0, 'NixOS', mac), service).map(shown), [
    'NixOS.local 120 unique AAAA fe80::5054:ff:fe1a:e4b7',
    'NixOS.local 120 unique A 192.0.2.7',
    'nixos-1ae4b7.local 120 unique AAAA fe80::5054:ff:fe1a:e4b7',
    'nixos-1ae4b7.local 120 unique A 192.0.2.7',
    '7.b.4.e.a.1.e.f.f.f.0.0.4.5.0.5.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa 120 unique PTR NixOS.local',
    '7.2.0.192.in-addr.arpa 120 unique PTR NixOS.local',
    '_ssh._tcp.local 4500 PTR NixOS._ssh._tcp.local',
    `NixOS._ssh._tcp.local 120 unique SRV ${srv}`,
    `NixOS._ssh._tcp.local 4500 unique TXT ${txt}`,
    '_services._dns-sd._udp.local 4500 PTR _ssh._tcp.local',
    '_sftp-ssh._tcp.local 4500 PTR NixOS._sftp-ssh._tcp.local',
    `NixOS._sftp-ssh._tcp.local 120 unique SRV ${srv}`,
    `NixOS._sftp-ssh._tcp.local 4500 unique TXT ${txt}`,
    '_services._dns-sd._udp.local 4500 PTR _sftp-ssh._tcp.local',
    '_nixos-installer._sub._ssh._tcp.local 4500 PTR NixOS._ssh._tcp.local',
  ])
  t.end()
})

t.test('after a conflict every record is under the name with the MAC, host= stays', (t) => {
  const link = fakeLink({ mac, addresses: [own] })
  const texts = linkRecords(link, namesAfter(true, 0, 'NixOS', mac), service).map(shown)
  t.equal(texts.filter((each) => each.includes(' AAAA ')).length, 1, 'its addresses once')
  t.ok(texts.every((each) => !/NixOS\.(local|_)/.test(each)))
  t.ok(texts.some((each) => each.includes('host=NixOS')))
  const holder = fakeLink({ mac, addresses: [own, fakeAddress('fe80::47', { deprecated: true })] })
  const held = linkRecords(holder, namesAfter(true, 0, 'NixOS', mac), service).map(shown)
  t.ok(held.some((each) => each.includes('static=held')))
  t.end()
})

t.test('only usable addresses, EUI-64 first, the static one last and while it is held', (t) => {
  const static_ = fakeAddress('fe80::47', { deprecated: true })
  const others = [
    static_,
    fakeAddress('169.254.99.200'),
    ipv4,
    fakeAddress('fd00::1'),
    fakeAddress('2001:db8::1'),
    fakeAddress('fe80::1'),
    own,
  ]
  const announced = (addresses: typeof others) =>
    announcedAddresses(fakeLink({ mac, addresses }), 'fe80::47')
  t.same(announced(others), [
    'fe80::5054:ff:fe1a:e4b7',
    'fe80::1',
    '2001:db8::1',
    'fd00::1',
    '192.0.2.7',
    '169.254.99.200',
    'fe80::47',
  ])
  t.same(announced([{ ...static_, tentative: true, dadFailed: true }, own]), [own.address])
  t.same(
    announced([
      { ...static_, tentative: true },
      { ...own, tentative: true },
    ]),
    [],
  )
  t.same(announced([fakeAddress('2001:db8::1', { deprecated: true })]), [])
  t.end()
})
