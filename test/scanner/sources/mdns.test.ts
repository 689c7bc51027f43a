import t from 'tap'
import type { Message, ResourceRecord } from '../../../common/message.ts'
import { readHosts } from '../../../scanner/sources/mdns.ts'

const record = (name: string, data: string, ttl = 120): ResourceRecord => ({
  name,
  ttl,
  flush: true,
  type: data.includes(':') ? 'AAAA' : 'A',
  data,
})
const read = (answers: ResourceRecord[], additionals: ResourceRecord[] = []) => {
  const rest = { id: 0, response: true, truncated: false, questions: [], authorities: [] }
  const message: Message = { ...rest, answers, additionals }
  return readHosts(message, 'eno1', { names: ['NixOS'] }).map(({ at: _, ...each }) => each)
}
const base = { source: 'mdns', link: 'eno1' }

t.test('a host name is one sighting, with the addresses of all its records', (t) => {
  const heard = read(
    [record('NixOS.local', 'fe80::1'), record('printer.local', '192.0.2.9')],
    [record('nixos.LOCAL', '192.0.2.7'), { ...record('NixOS.local', ''), type: 'PTR', data: 'x' }],
  )
  t.same(heard, [
    { ...base, addresses: ['fe80::1', '192.0.2.7'], name: 'NixOS', installer: true },
    { ...base, addresses: ['192.0.2.9'], name: 'printer', installer: false },
  ])
  t.end()
})

t.test('who holds fe80::47 is an installer, whatever its name', (t) => {
  t.match(read([record('devos.local', 'fe80::47')]), [{ name: 'devos', installer: true }])
  t.end()
})

t.test('goodbyes (RFC 6762 section 10.1) and names not to be shown are no sightings', (t) => {
  t.same(read([record('NixOS.local', 'fe80::1', 0)]), [])
  for (const name of ['-l.local', 'a.b.local', '\x1b[2J.local', '', '.local'])
    t.same(read([record(name, 'fe80::1')]), [], JSON.stringify(name))
  t.same(read([]), [])
  t.end()
})
