import t from 'tap'
import { Claims, claimedNames, spokenRecords } from '../../../agent/mdns/claims.ts'
import { namesAfter } from '../../../agent/mdns/names.ts'
import { linkRecords } from '../../../agent/mdns/records.ts'
import { fakeAddress, fakeLink } from '../../fakes/link.ts'

const service = {
  id: '525400fffe000001',
  sshPort: 22,
  staticAddress: 'fe80::47',
  identity: { host: 'NixOS', user: 'nixos', hostKeys: [], boot: '', agent: '' },
}
const link = fakeLink({ addresses: [fakeAddress('fe80::5054:ff:fe12:3456')] })
const identity = { ...service.identity, os: undefined, flake: undefined }
const names = namesAfter(false, 0, 'NixOS', '52:54:00:12:34:56')
const records = linkRecords(link, names, { ...service, identity })

t.test('host names and service instances are claimed, each once', (t) => {
  t.same(claimedNames(records), [
    'NixOS.local',
    'nixos-123456.local',
    'NixOS._ssh._tcp.local',
    'NixOS._sftp-ssh._tcp.local',
  ])
  t.end()
})

t.test('a record is given out when the name that it is of, or leads to, is held', (t) => {
  const spoken = (...held: string[]) =>
    spokenRecords(records, (name) => held.includes(name)).map(
      ({ name, type, data }) => `${name} ${type}${type === 'PTR' ? ` ${data}` : ''}`,
    )
  t.same(spoken(), [])
  t.same(spoken('NixOS.local'), [
    'NixOS.local AAAA',
    '6.5.4.3.2.1.e.f.f.f.0.0.4.5.0.5.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa PTR NixOS.local',
  ])
  t.same(spoken('nixos-123456.local'), ['nixos-123456.local AAAA'])
  t.same(spoken('NixOS._ssh._tcp.local'), [
    '_ssh._tcp.local PTR NixOS._ssh._tcp.local',
    'NixOS._ssh._tcp.local SRV',
    'NixOS._ssh._tcp.local TXT',
    '_nixos-installer._sub._ssh._tcp.local PTR NixOS._ssh._tcp.local',
    '_services._dns-sd._udp.local PTR _ssh._tcp.local',
  ])
  t.equal(spokenRecords(records, () => true).length, records.length)
  t.end()
})

t.test('names are probed for in rounds, fall out of them, are held and given up', (t) => {
  const claims = new Claims()
  t.same(claims.wish(['a.local', 'b.local']), ['a.local', 'b.local'])
  t.same(claims.wish(['A.local', 'b.local']), [], 'the same names')
  const round = { patient: true }
  claims.begin(['a.local', 'b.local', 'nobody.local'], round)
  t.same(claims.inRound(round), ['a.local', 'b.local'])
  t.ok(claims.isPatient('a.local'))
  claims.defer(['B.LOCAL'])
  t.same(claims.inRound(round), ['a.local'], 'one lost a tie')
  t.notOk(claims.isInRound('b.local'))
  t.equal(claims.state('b.local'), 'probing')
  claims.hold(claims.inRound(round))
  t.same(
    [...claims],
    [
      { name: 'a.local', state: 'held' },
      { name: 'b.local', state: 'probing' },
    ],
  )
  claims.begin(['a.local'], { patient: false })
  t.notOk(claims.isHeld('a.local'), 'probed for again')
  claims.wish(['c.local'])
  t.same([...claims], [{ name: 'c.local', state: 'probing' }])
  t.end()
})
