import t from 'tap'
import type { ResourceRecord } from '../../../common/message.ts'
import {
  directQuestions,
  hostQuestions,
  knownAnswers,
  serviceQuestions,
} from '../../../scanner/sources/questions.ts'

const brief = (questions: ReturnType<typeof hostQuestions>) =>
  questions.map(({ type, name }) => `${type} ${name}`)
const ptr: ResourceRecord = {
  name: '_ssh._tcp.local',
  type: 'PTR',
  ttl: 10,
  flush: true,
  data: 'NixOS._ssh._tcp.local',
}
const aaaa: ResourceRecord = {
  name: 'nixos.LOCAL',
  type: 'AAAA',
  ttl: 10,
  flush: true,
  data: 'fe80::9',
}

t.test(
  'what is asked: addresses of names, installers and ssh services, a name of an address',
  (t) => {
    t.same(brief(hostQuestions(['NixOS'])), ['AAAA NixOS.local', 'A NixOS.local'])
    t.same(brief(serviceQuestions()), [
      'PTR _nixos-installer._sub._ssh._tcp.local',
      'PTR _ssh._tcp.local',
    ])
    t.same(brief(directQuestions('192.0.2.7', ['a'])), [
      ...brief(serviceQuestions()),
      'AAAA a.local',
      'A a.local',
      'PTR 7.2.0.192.in-addr.arpa',
    ])
    for (const each of directQuestions('fe80::1', ['a'])) t.match(each, { unicast: false })
    t.end()
  },
)

t.test('known answers have at least half of their life before them (RFC 6762 section 7.1)', (t) => {
  const heard = [
    { record: ptr, heardAt: 0 },
    { record: aaaa, heardAt: 0 },
  ]
  const questions = [...serviceQuestions(), ...hostQuestions(['NixOS'])]
  const ttls = (now: number) => knownAnswers(questions, heard, now).map(({ ttl }) => ttl)
  t.same(ttls(0), [4500, 120], 'those of the RFC, not those of a one-shot answer (6.7)')
  t.same(ttls(60_000), [4440, 60], 'less what has passed')
  t.same(ttls(61_000), [4439])
  t.same(ttls(2_250_000), [2250])
  t.same(ttls(2_251_000), [])
  for (const { flush } of knownAnswers(questions, heard, 0)) t.notOk(flush, '10.2')
  t.end()
})

t.test('only what answers a question is a known answer', (t) => {
  const known = (record: ResourceRecord) =>
    knownAnswers([...serviceQuestions(), ...hostQuestions(['NixOS'])], [{ record, heardAt: 0 }], 0)
  t.equal(known(aaaa).length, 1, 'whatever the case of the name')
  t.same(known({ ...aaaa, name: 'other.local' }), [])
  t.same(known({ ...ptr, name: '_http._tcp.local' }), [])
  t.same(known({ ...ptr, type: 'TXT', data: [] }), [])
  t.end()
})
