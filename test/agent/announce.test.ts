import t from 'tap'
import { announceDelaysMs, announcement, goodbye, withdrawn } from '../../agent/announce.ts'
import type { ResourceRecord } from '../../common/message.ts'

const a: ResourceRecord = {
  name: 'NixOS.local',
  type: 'A',
  ttl: 120,
  flush: true,
  data: '192.0.2.7',
}
const b: ResourceRecord = { ...a, data: '192.0.2.8' }

t.test('an announcement is an unasked response, sent twice a second apart (RFC 6762 8.3)', (t) => {
  t.same(announceDelaysMs, [0, 1000])
  t.same(announcement([a]), { response: true, answers: [a] })
  t.end()
})

t.test('a goodbye is the record with no life left (RFC 6762 section 10.1)', (t) => {
  t.same(goodbye([a]), { response: true, answers: [{ ...a, ttl: 0 }] })
  t.equal(a.ttl, 120, 'the record itself is kept')
  t.end()
})

t.test('only what is no longer true is withdrawn', (t) => {
  t.same(withdrawn([a, b], [{ ...b, name: 'nixos.LOCAL', ttl: 10 }]), [a])
  t.same(withdrawn([a], [a, b]), [])
  t.same(withdrawn([a], []), [a])
  t.end()
})
