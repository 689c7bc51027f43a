import t from 'tap'
import { encodeAdvertisement } from '../../../common/advertisement.ts'
import { readService } from '../../../scanner/sources/service.ts'
import { fakeAdvertisement } from '../../fakes/sighting.ts'

const referer = { address: 'fe80::9%eno1', family: 'IPv6' as const, port: 5353, size: 100 }
const found = { host: 'NixOS.local', port: 22, addresses: ['fe80::1', '192.0.2.7'], referer }
const question = { names: ['NixOS'] }
const read = (over: object, installer = false) => {
  const { at: _, ...rest } = readService({ ...found, ...over }, 'eno1', installer, question)
  return rest
}
const base = { source: 'service', link: 'eno1', addresses: found.addresses, port: 22 }

t.test('a service is one sighting, with what its TXT record tells', (t) => {
  const advertisement = fakeAdvertisement(1)
  const rawTxt = encodeAdvertisement(advertisement)
  const expected = { ...base, name: 'NixOS', installer: true }
  t.same(read({}), expected, 'it has the name that was asked for')
  t.same(read({ rawTxt }), { ...expected, advertisement })
  const other = { host: 'server.local' }
  t.match(read(other), { name: 'server', installer: false })
  t.match(read(other, true), { installer: true }, 'it answered for the subtype')
  t.end()
})

t.test('where a service names no address, the one that answered counts', (t) => {
  for (const addresses of [[], undefined])
    t.same(read({ addresses }).addresses, ['fe80::9'], 'without zone')
  t.same(read({ addresses: ['FE80:0::1', 'nonsense'] }).addresses, ['fe80::1'])
  t.end()
})

t.test('what is not well-formed is left out', (t) => {
  for (const host of ['-l.local', '\x1b[2J.local', '', undefined, 7.5])
    t.notOk('name' in read({ host }), String(host))
  for (const rawTxt of [undefined, 'txtvers=1', {}, [1], Buffer.from('txtvers=1')])
    t.notOk('advertisement' in read({ rawTxt }), String(rawTxt))
  t.notOk('port' in read({ port: 0 }))
  t.end()
})
