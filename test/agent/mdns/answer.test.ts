import t from 'tap'
import { type Asker, answer, groupResponse } from '../../../agent/mdns/answer.ts'
import { conflictingNames, lostTies } from '../../../agent/mdns/probe.ts'
import { decodeMessage } from '../../../common/decode.ts'
import { encodeMessage } from '../../../common/encode.ts'
import type { Message, Question, ResourceRecord } from '../../../common/message.ts'
import { mutated, seededRandom } from '../../fakes/hostile.ts'
import { fakeMessage } from '../../fakes/message.ts'

const own = { name: 'NixOS.local', ttl: 120, flush: true }
const instance = { ...own, name: 'NixOS._ssh._tcp.local' }
const aaaa: ResourceRecord = { ...own, type: 'AAAA', data: 'fe80::5054:ff:fe12:3456' }
const aaaa2: ResourceRecord = { ...own, type: 'AAAA', data: '2001:db8::1' }
const noA: ResourceRecord = {
  ...own,
  type: 'NSEC',
  data: { nextDomain: 'NixOS.local', rrtypes: ['AAAA'] },
}
const ptr: ResourceRecord = {
  name: '_ssh._tcp.local',
  type: 'PTR',
  ttl: 4500,
  flush: false,
  data: 'NixOS._ssh._tcp.local',
}
const srv: ResourceRecord = {
  ...instance,
  type: 'SRV',
  data: { priority: 0, weight: 0, port: 22, target: 'NixOS.local' },
}
const txt: ResourceRecord = { ...instance, type: 'TXT', ttl: 4500, data: [Buffer.from('a=b')] }
const records = [aaaa, aaaa2, ptr, srv, txt]

const question = (name: string, type: string, over: Partial<Question> = {}): Question => ({
  name,
  type,
  internet: true,
  unicast: false,
  ...over,
})
const query = (questions: Question[], over: Partial<Message> = {}) =>
  fakeMessage({ questions, ...over })
const multicast: Asker = { legacy: false, direct: false, reachable: true }
/** What is answered to one question, the records last heard by the group `since` seconds ago. */
const ask = (asked: Question, since = Infinity, over: Partial<Message> = {}, asker = multicast) =>
  answer(records, query([asked], over), asker, () => since * 1000)
const v6 = question('NixOS.local', 'AAAA')

t.test(
  'unique records are answered at once, shared ones after a delay (RFC 6762 section 6)',
  (t) => {
    t.match(ask(v6), [{ to: 'group', delay: 'none', message: { answers: [aaaa, aaaa2] } }])
    t.match(ask(question('_ssh._tcp.local', 'PTR')), [{ to: 'group', delay: 'shared' }])
    t.equal(ask({ ...v6, name: 'nIXos.LOCAL' }).length, 1, 'whatever the case (section 16)')
    t.same(ask({ ...v6, internet: false }), [], 'another class')
    t.same(ask(question('other.local', 'ANY')), [])
    t.same(ask(question('_ssh._tcp.local', 'TXT')), [], 'a shared name is never denied')
    t.same(answer(records, query([v6, v6]), multicast, () => Infinity)[0]?.message.answers, [
      aaaa,
      aaaa2,
    ])
    const several = query([v6, question('NixOS._ssh._tcp.local', 'SRV')])
    t.match(
      answer(records, several, multicast, () => Infinity),
      [{ delay: 'shared' }],
      '6.3',
    )
    const probe = { ...several, authorities: [{ ...aaaa, data: 'fe80::1' }] }
    t.match(
      answer(records, probe, multicast, () => Infinity),
      [{ delay: 'none' }],
      'a defence',
    )
    const direct = { ...multicast, direct: true }
    t.match(
      answer(records, several, direct, () => Infinity),
      [{ delay: 'none' }],
      'asked alone',
    )
    t.end()
  },
)

t.test('a type that a unique name lacks is denied by NSEC (RFC 6762 section 6.1)', (t) => {
  t.same(ask(question('NixOS.local', 'A'))[0]?.message.answers, [noA])
  t.same(ask(question('nixos.local', 'UNKNOWN_65'))[0]?.message.answers, [noA])
  t.end()
})

t.test('of a service comes what is asked next (RFC 6763 section 12)', (t) => {
  const answers = (asked: Question) => ask(asked)[0]?.message.answers ?? []
  const additionals = (asked: Question, since = Infinity) =>
    groupResponse(records, answers(asked), () => since).additionals
  t.same(additionals(question('_ssh._tcp.local', 'PTR')), [srv, txt, aaaa, aaaa2, noA])
  t.same(additionals(question('NixOS._ssh._tcp.local', 'SRV')), [aaaa, aaaa2, noA])
  t.same(additionals(v6), [noA])
  t.same(additionals(v6, 999), [], 'but for what was said within a second')
  t.end()
})

t.test(
  'QU is answered by unicast if the group heard it within a quarter of its life (5.4)',
  (t) => {
    for (const [since, to] of [
      [0.1, 'sender'],
      [29, 'sender'],
      [31, 'group'],
      [Infinity, 'group'],
    ] as const)
      t.match(ask({ ...v6, unicast: true }, since), [{ to, message: { answers: [aaaa, aaaa2] } }])
    t.end()
  },
)

t.test('a question sent to our own address is answered to its sender (section 5.5)', (t) => {
  const direct = { ...multicast, direct: true }
  for (const since of [0.1, Infinity])
    t.match(ask(v6, since, {}, direct), [
      { to: 'sender', delay: 'none', message: { answers: [aaaa, aaaa2] } },
    ])
  t.end()
})

t.test('who is not on the link gets no unicast answer (RFC 6762 section 5.5)', (t) => {
  const far = { ...multicast, reachable: false }
  t.match(ask({ ...v6, unicast: true }, 9, {}, far), [{ to: 'group' }])
  t.same(ask(v6, 9, {}, { ...far, direct: true }), [])
  t.same(ask(v6, 9, {}, { ...far, legacy: true }), [])
  t.end()
})

t.test('nothing is multicast twice within a second, a probe waits but 250 ms (section 6)', (t) => {
  t.same(ask(v6, 0.9), [])
  t.equal(ask(v6, 1).length, 1)
  const probe = { authorities: [{ ...aaaa, data: 'fe80::1' }] }
  t.match(ask(question('NixOS.local', 'ANY'), 0.3, probe), [{ to: 'group', delay: 'none' }])
  t.same(ask(question('NixOS.local', 'ANY'), 0.2, probe), [])
  t.end()
})

t.test('an answer known with half of its life left is not given again (section 7.1)', (t) => {
  const known = (ttl: number) => ask(v6, Infinity, { answers: [{ ...aaaa, ttl, flush: false }] })
  t.same(known(60)[0]?.message.answers, [aaaa2])
  const direct = { ...multicast, direct: true }
  const rest = ask(v6, Infinity, { answers: [{ ...aaaa, flush: false }] }, direct)
  t.same(rest[0]?.message.answers, [{ ...aaaa2, flush: false }], 'part of a set flushes nothing')
  t.same(known(59)[0]?.message.answers, [aaaa, aaaa2])
  const other = { answers: [{ ...aaaa, data: 'fe80::1' }] }
  t.same(ask(v6, Infinity, other)[0]?.message.answers, [aaaa, aaaa2])
  const shared = { answers: [{ ...ptr, ttl: 2250, data: 'nixos._SSH._tcp.local' }] }
  t.same(ask(question('_ssh._tcp.local', 'PTR'), Infinity, shared), [])
  t.end()
})

t.test('a plain DNS client gets its id and question, short lives, no flush bit (6.7)', (t) => {
  const asked = [{ ...v6, unicast: true }]
  const plain = (record: ResourceRecord) => ({ ...record, ttl: 10, flush: false })
  const legacy = { ...multicast, legacy: true }
  t.same(
    answer(records, query(asked, { id: 0x1234 }), legacy, () => 0.1),
    [
      {
        to: 'sender',
        delay: 'none',
        message: {
          id: 0x1234,
          response: true,
          questions: [v6],
          answers: [plain(aaaa), plain(aaaa2)],
          additionals: [plain(noA)],
        },
      },
    ],
  )
  t.same(ask(question('other.local', 'A'), Infinity, {}, legacy), [])
  t.end()
})

t.test('2,000 mutated queries are answered or ignored, and never break the responder', (t) => {
  const random = seededRandom(6763)
  const whole = encodeMessage(
    query([v6, question('_ssh._tcp.local', 'PTR')], { answers: records, authorities: records }),
  )
  let answered = 0
  for (let i = 0; i < 2000; i++) {
    const bytes = mutated(whole, random)
    let heard: Message
    try {
      heard = decodeMessage(bytes)
    } catch {
      continue
    }
    try {
      for (const { message } of answer(
        records,
        heard,
        { ...multicast, legacy: i % 2 === 0 },
        () => 9,
      )) {
        encodeMessage(message)
        answered++
      }
      lostTies(records, heard)
      conflictingNames(records, heard, () => false)
    } catch (error) {
      t.fail(`${error} on ${bytes.toString('hex')}`)
    }
  }
  t.ok(answered > 100, `${answered} answers`)
  t.end()
})

t.test('a packet full of questions costs and gives no more than a few', (t) => {
  const types = Array.from({ length: 700 }, (_, index) => `UNKNOWN_${index + 300}`)
  const many = types.map((type) => question('NixOS.local', type))
  const all = (asked: Question[], answers: ResourceRecord[], asker: Asker) =>
    answer(records, query(asked, { answers }), asker, () => Infinity)
  const [legacy] = all(many, [], { ...multicast, legacy: true })
  t.ok((legacy?.message.questions?.length ?? 0) <= 16, 'the reply does not repeat them all')
  const [group] = all([...many, ...many], [], multicast)
  t.equal(group?.message.answers?.length, 1)
  const any = Array(5000).fill(question('NixOS.local', 'ANY'))
  const known = Array(5000).fill({ ...aaaa, ttl: 10 })
  const began = process.cpuUsage()
  t.same(all(any, known, multicast)[0]?.message.answers, [aaaa, aaaa2])
  // Processor time in microseconds: others run beside it.
  t.ok(process.cpuUsage(began).user < 1_000_000, 'not the product of their numbers')
  t.end()
})
