import t from 'tap'
import { decodeMessage } from '../../common/decode.ts'
import { encodeMessage } from '../../common/encode.ts'
import type { ResourceRecord } from '../../common/message.ts'
import { packMessage, packQuery } from '../../common/pack.ts'
import { a, records } from '../fakes/records.ts'

const pack = (...args: Parameters<typeof packMessage>) => packMessage(...args).map(decodeMessage)

t.test(
  'what fits goes as one, the rest in as few as it takes, each record once (section 17)',
  (t) => {
    const answers = Array.from({ length: 100 }, (_, i) => ({ ...a, data: `192.0.2.${i}` }))
    const message = { id: 9, response: true, answers, additionals: records }
    t.equal(packMessage(message, 9000).length, 1)
    const packets = packMessage(message, 512)
    t.ok(packets.length > 1 && packets.every((packet) => packet.length <= 512))
    const parts = packets.map(decodeMessage)
    t.same(
      parts.flatMap((part) => part.answers),
      answers,
    )
    for (const part of parts) t.match(part, { id: 9, response: true })
    t.end()
  },
)

t.test('a set stays together where it fits (section 10.2)', (t) => {
  const set = (name: string) => [1, 2, 3].map((i) => ({ ...a, name, data: `192.0.2.${i}` }))
  const answers = ['one.local', 'two.local', 'three.local'].flatMap(set)
  const parts = pack({ response: true, answers }, 12 + 6 * 25)
  t.same(
    parts.map((part) => part.answers.map((each) => each.name)),
    [[...Array(3).fill('one.local'), ...Array(3).fill('two.local')], Array(3).fill('three.local')],
  )
  t.end()
})

t.test('additional records go along as far as they fit', (t) => {
  const [only, ...none] = pack({ response: true, answers: [a], additionals: records }, 84)
  t.same(none, [])
  t.same(only?.additionals, records.slice(0, 2))
  t.end()
})

t.test('a record larger than a packet travels alone', (t) => {
  const text = { type: 'TXT' as const, data: [Buffer.alloc(255), Buffer.alloc(255)] }
  const big: ResourceRecord = { ...a, ...text, name: 'big.local' }
  const other = { ...a, name: 'other.local' }
  const parts = pack({ response: true, answers: [a, big, other] }, 300)
  t.same(
    parts.map((part) => part.answers.length),
    [1, 1, 1],
  )
  t.end()
})

t.test('a probe is spread by its names, each with what is claimed for it', (t) => {
  const names = ['one.local', 'two.local']
  const questions = names.map((name) => ({ name, type: 'ANY', internet: true, unicast: true }))
  const authorities = names.map((name) => ({ ...a, name, flush: false }))
  const parts = pack({ questions, authorities }, 60)
  t.same(
    parts.map((part) => [part.questions, part.authorities]),
    names.map((_, index) => [[questions[index]], [authorities[index]]]),
  )
  t.end()
})

t.test('known answers that do not fit follow in more messages (RFC 6762 section 7.2)', (t) => {
  const question = { name: '_ssh._tcp.local', type: 'PTR', internet: true, unicast: false }
  const known = Array.from({ length: 9 }, (_, i) => ({
    ...a,
    name: `host-${i}.local`,
    flush: false,
  }))
  const messages = packQuery([question], known, 100)
  t.ok(messages.every((each) => encodeMessage(each).length <= 100))
  t.same(
    messages.flatMap((each) => each.answers ?? []),
    known,
  )
  t.same(
    messages.map((each) => [each.questions?.length, each.truncated]),
    messages.map((_, i) => [i === 0 ? 1 : 0, i < messages.length - 1]),
  )
  t.same(packQuery([question], [], 100), [{ questions: [question], answers: [], truncated: false }])
  t.end()
})
