import t from 'tap'
import { ReplyQueue } from '../../../agent/mdns/reply-queue.ts'
import { type ResourceRecord, recordKey } from '../../../common/message.ts'
import { a } from '../../fakes/records.ts'

const b: ResourceRecord = { ...a, data: '192.0.2.8' }

/** A queue, and what it sends next with the milliseconds that this took. */
function setUp() {
  let sent: (answers: ResourceRecord[]) => void = () => {}
  const queue = new ReplyQueue((answers) => sent(answers))
  const began = performance.now()
  const next = () =>
    new Promise<{ answers: ResourceRecord[]; after: number }>((resolve) => {
      sent = (answers) => resolve({ answers, after: performance.now() - began })
    })
  return { queue, next }
}

t.test(
  'an earlier reply waits for a later one, and each record goes once (RFC 6762 6.4)',
  async (t) => {
    const { queue, next } = setUp()
    const sent = next()
    queue.add([a], 20)
    queue.add([a, b], 120)
    queue.add([b], 40)
    const { answers, after } = await sent
    t.same(answers, [a, b])
    t.ok(after >= 119, `${after} ms`)
  },
)

t.test(
  'replies without end are not waited for longer than half a second (section 6.4)',
  async (t) => {
    const { queue, next } = setUp()
    const sent = next()
    queue.add([a], 100)
    const again = setInterval(() => queue.add([a], 120), 50)
    const { after } = await sent
    clearInterval(again)
    queue.clear()
    // Timers may fire a millisecond or two before their time.
    t.ok(after >= 597, `${after} ms`)
    t.ok(after < 5000, `${after} ms`)
  },
)

t.test('what has been said meanwhile is withdrawn (section 7.4)', async (t) => {
  const { queue, next } = setUp()
  const sent = next()
  queue.add([a], 20)
  queue.withdraw(recordKey(a))
  queue.add([b], 20)
  t.same((await sent).answers, [b])
})
