import t, { type Test } from 'tap'
import { ReplyQueue } from '../../../agent/mdns/reply-queue.ts'
import { type ResourceRecord, recordKey } from '../../../common/message.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { a } from '../../fakes/records.ts'

const b: ResourceRecord = { ...a, data: '192.0.2.8' }

/** A queue, and what it sends, with the time by the clock. */
function setUp(t: Test) {
  const clock = new FakeClock(t)
  const sent: { answers: ResourceRecord[]; after: number }[] = []
  const queue = new ReplyQueue((answers) => sent.push({ answers, after: clock.now }))
  return { clock, queue, sent }
}

t.test('an earlier reply waits for a later one, and each record goes once (RFC 6762 6.4)', (t) => {
  const { clock, queue, sent } = setUp(t)
  queue.add([a], 20)
  queue.add([a, b], 120)
  queue.add([b], 40)
  clock.wait(1000)
  t.same(sent, [{ answers: [a, b], after: 120 }])
  t.end()
})

t.test('replies without end are not waited for longer than half a second (section 6.4)', (t) => {
  const { clock, queue, sent } = setUp(t)
  queue.add([a], 100)
  setInterval(() => queue.add([a], 120), 50)
  clock.wait(1000)
  // At 600 ms, by a timer, which takes one at least.
  t.same(sent[0], { answers: [a], after: 601 })
  queue.clear()
  t.end()
})

t.test('what has been said meanwhile is withdrawn (section 7.4)', (t) => {
  const { clock, queue, sent } = setUp(t)
  queue.add([a], 20)
  queue.withdraw(recordKey(a))
  queue.add([b], 20)
  clock.wait(1000)
  t.same(sent, [{ answers: [b], after: 20 }])
  t.end()
})
