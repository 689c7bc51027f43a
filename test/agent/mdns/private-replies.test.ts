import t from 'tap'
import { PrivateReplies, type PrivateReply, withId } from '../../../agent/mdns/private-replies.ts'

const reply = (text: string): PrivateReply => ({
  answers: [],
  shared: false,
  parts: [Buffer.from(text)],
})

t.test('the same question has the same reply until the records are others', (t) => {
  const replies = new PrivateReplies()
  const [before, after] = [[], []]
  const first = replies.to('q', before, () => reply('first'))
  t.equal(
    replies.to('q', before, () => reply('second')),
    first,
  )
  t.same(
    replies.to('q', after, () => reply('third')),
    reply('third'),
  )
  t.end()
})

t.test('that there is none is remembered as well', (t) => {
  const replies = new PrivateReplies()
  const records = {}
  let asked = 0
  const none = () => {
    asked++
    return undefined
  }
  t.equal(replies.to('q', records, none), undefined)
  t.equal(replies.to('q', records, none), undefined)
  t.equal(asked, 1)
  t.end()
})

t.test('the id is the asker, the remembered bytes stay', (t) => {
  const bytes = Buffer.from([0, 0, 7])
  t.same(withId(bytes, 0x0102), Buffer.from([1, 2, 7]))
  t.same(bytes, Buffer.from([0, 0, 7]))
  t.end()
})
