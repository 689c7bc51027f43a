import t from 'tap'
import { type ResourceRecord, recordKey, sameName, setKey } from '../../common/message.ts'
import { a } from '../fakes/records.ts'

t.test('names compare without ASCII case (RFC 6762 section 16), data of text does not', (t) => {
  t.ok(sameName('NixOS.local', 'nixos.LOCAL'))
  t.notOk(sameName('NixOS.local', 'NixOS.local.lan'))
  const keyOf = (over: object) => recordKey({ ...a, ...over } as ResourceRecord)
  t.equal(keyOf({ name: 'nixos.local', ttl: 0, flush: false }), keyOf({}))
  t.not(keyOf({ data: '192.0.2.8' }), keyOf({}))
  t.equal(keyOf({ type: 'PTR', data: 'X.local' }), keyOf({ type: 'PTR', data: 'x.LOCAL' }))
  const text = (...strings: string[]) => keyOf({ type: 'TXT', data: strings.map(Buffer.from) })
  t.not(text('a=B'), text('a=b'))
  t.equal(setKey({ ...a, data: '192.0.2.8' }), setKey({ ...a, name: 'nixos.local' }))
  t.end()
})
