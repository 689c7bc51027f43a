import t from 'tap'
import {
  announcedKey,
  announceGapsMs,
  flushWholeSets,
  goodbye,
  withdrawn,
} from '../../../agent/mdns/announce.ts'
import type { ResourceRecord } from '../../../common/message.ts'

const a: ResourceRecord = {
  name: 'NixOS.local',
  type: 'A',
  ttl: 120,
  flush: true,
  data: '192.0.2.7',
}
const b: ResourceRecord = { ...a, data: '192.0.2.8' }

t.test('announcements are a second apart, of whole sets (RFC 6762 sections 8.3, 10.2)', (t) => {
  t.same(announceGapsMs, [0, 1000])
  t.equal(announcedKey(a), announcedKey({ ...b, name: 'nixos.LOCAL' }), 'one set')
  const shared = { ...a, flush: false }
  t.not(announcedKey(shared), announcedKey({ ...shared, data: b.data }), 'one by one')
  t.end()
})

t.test('only a whole set tells others to forget the rest of it (section 10.2)', (t) => {
  const aaaa: ResourceRecord = { ...a, type: 'AAAA', data: 'fe80::1' }
  const mark = (...answers: ResourceRecord[]) => flushWholeSets([a, b, aaaa], { answers }).answers
  t.same(mark(a, b), [a, b])
  t.same(mark(a, aaaa), [{ ...a, flush: false }, aaaa])
  const farewell = { ...a, ttl: 0, data: '192.0.2.9' }
  t.same(mark(a, b, farewell), [a, b, farewell])
  t.same(flushWholeSets([a, b], { answers: [a], additionals: [b] }).additionals, [b])
  t.end()
})

t.test('a goodbye is the record with no life left (RFC 6762 section 10.1)', (t) => {
  t.same(goodbye([a]), [{ ...a, ttl: 0 }])
  t.equal(a.ttl, 120, 'the record itself is kept')
  t.end()
})

t.test('only what is no longer true is withdrawn', (t) => {
  t.same(withdrawn([a, b], [{ ...b, name: 'nixos.LOCAL', ttl: 10 }]), [a])
  t.same(withdrawn([a], [a, b]), [])
  t.same(withdrawn([a], []), [a])
  t.end()
})
