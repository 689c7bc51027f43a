import t from 'tap'
import { TruncatedQueries } from '../../../agent/mdns/truncated-queries.ts'
import type { Message } from '../../../common/message.ts'
import { fakeMessage } from '../../fakes/message.ts'
import { a, records } from '../../fakes/records.ts'

const question = { name: 'NixOS.local', type: 'ANY', internet: true, unicast: false }

/** Queries, each waited for as short as may be; `answered` is what comes of the next. */
function setUp() {
  const queries = new TruncatedQueries(() => 0)
  const began = performance.now()
  let resolve: (what: { query: Message; after: number }) => void = () => {}
  const answered = new Promise<{ query: Message; after: number }>((done) => {
    resolve = done
  })
  const take = (sender: string, message: Message) =>
    queries.take(sender, message, (whole) =>
      resolve({ query: whole, after: performance.now() - began }),
    )
  return { queries, take, answered }
}

t.test(
  'known answers of the same sender are gathered for 400 ms and more (RFC 6762 7.2)',
  async (t) => {
    const { take, answered } = setUp()
    t.notOk(take('a', fakeMessage({ questions: [question] })), 'a whole query is not for us')
    t.ok(take('a', fakeMessage({ questions: [question], answers: [a], truncated: true })))
    t.notOk(take('b', fakeMessage({ answers: records })), 'of another sender')
    t.ok(take('a', fakeMessage({ answers: records })))
    t.notOk(take('a', fakeMessage({ questions: [question] })), 'a query of its own')
    const { query: whole, after } = await answered
    t.same(whole.questions, [question])
    t.same(whole.answers, [a, ...records])
    t.ok(after >= 399, `${after} ms`)
  },
)

t.test('what another machine answers meanwhile is known as well (section 7.4)', async (t) => {
  const { queries, take, answered } = setUp()
  take('a', fakeMessage({ questions: [question], truncated: true }))
  queries.known(a)
  t.same((await answered).query.answers, [a])
})

t.test('more to follow is waited for anew', async (t) => {
  const { take, answered } = setUp()
  take('a', fakeMessage({ questions: [question], truncated: true }))
  await new Promise((resolve) => setTimeout(resolve, 200))
  take('a', fakeMessage({ answers: [a], truncated: true }))
  const { after } = await answered
  t.ok(after >= 598, `${after} ms`)
})

t.test('what is kept is bounded, in senders and in records', (t) => {
  const { queries, take } = setUp()
  const first = fakeMessage({ questions: [question], truncated: true })
  const senders = Array.from({ length: 100 }, (_, index) => take(`sender ${index}`, first))
  t.equal(senders.filter(Boolean).length, 64, 'the others are answered as they are')
  queries.clear()
  t.end()
})
