import t, { type Test } from 'tap'
import { TruncatedQueries } from '../../../agent/mdns/truncated-queries.ts'
import type { Message } from '../../../common/message.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { fakeMessage } from '../../fakes/message.ts'
import { a, records } from '../../fakes/records.ts'

const question = { name: 'NixOS.local', type: 'ANY', internet: true, unicast: false }

/** Queries, each waited for as short as may be, and what came of them, with the time by the clock. */
function setUp(t: Test) {
  const clock = new FakeClock(t)
  const queries = new TruncatedQueries(() => 0)
  const whole: { query: Message; after: number }[] = []
  const take = (sender: string, message: Message) =>
    queries.take(sender, message, (query) => whole.push({ query, after: clock.now }))
  return { clock, queries, take, whole }
}

t.test('known answers of the same sender are gathered for 400 ms and more (RFC 6762 7.2)', (t) => {
  const { clock, take, whole } = setUp(t)
  t.notOk(take('a', fakeMessage({ questions: [question] })), 'a whole query is not for us')
  t.ok(take('a', fakeMessage({ questions: [question], answers: [a], truncated: true })))
  t.notOk(take('b', fakeMessage({ answers: records })), 'of another sender')
  t.ok(take('a', fakeMessage({ answers: records })))
  t.notOk(take('a', fakeMessage({ questions: [question] })), 'a query of its own')
  clock.wait(1000)
  t.equal(whole.length, 1)
  t.same(whole[0]?.query.questions, [question])
  t.same(whole[0]?.query.answers, [a, ...records])
  t.equal(whole[0]?.after, 400)
  t.end()
})

t.test('what another machine answers meanwhile is known as well (section 7.4)', (t) => {
  const { clock, queries, take, whole } = setUp(t)
  take('a', fakeMessage({ questions: [question], truncated: true }))
  queries.known(a)
  clock.wait(1000)
  t.same(whole[0]?.query.answers, [a])
  t.end()
})

t.test('more to follow is waited for anew', (t) => {
  const { clock, take, whole } = setUp(t)
  take('a', fakeMessage({ questions: [question], truncated: true }))
  clock.wait(200)
  take('a', fakeMessage({ answers: [a], truncated: true }))
  clock.wait(1000)
  t.equal(whole[0]?.after, 600)
  t.end()
})

t.test('what is kept is bounded, in senders and in records', (t) => {
  const { queries, take } = setUp(t)
  const first = fakeMessage({ questions: [question], truncated: true })
  const senders = Array.from({ length: 100 }, (_, index) => take(`sender ${index}`, first))
  t.equal(senders.filter(Boolean).length, 64, 'the others are answered as they are')
  queries.clear()
  t.end()
})
