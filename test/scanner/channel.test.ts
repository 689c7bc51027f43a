import t from 'tap'
import { Channel } from '../../scanner/channel.ts'
import { interleave } from '../../scanner/interleave.ts'

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

t.test(
  'a channel gives what was pushed before and while it is read, in order, to its end',
  async (t) => {
    const channel = new Channel<number>()
    channel.push(1)
    channel.push(2)
    const read: number[] = []
    const reading = (async () => {
      for await (const item of channel) {
        read.push(item)
        if (item === 2) channel.push(3)
      }
    })()
    await new Promise(setImmediate)
    t.same(read, [1, 2, 3])
    channel.push(4)
    channel.end()
    channel.push(5)
    channel.end()
    await reading
    t.same(read, [1, 2, 3, 4], 'nothing after the end')
    t.same(await collect(channel), [])
  },
)

t.test(
  'interleaving gives items as they come; the failure of one does not end the others',
  async (t) => {
    const gate = new Channel<string>()
    async function* first() {
      yield* gate
    }
    async function* second() {
      yield 'b1'
      gate.push('a1')
      await new Promise(setImmediate)
      gate.end()
      yield 'b2'
    }
    async function* broken() {
      yield 'c1'
      throw new Error('link gone')
    }
    const failures: unknown[] = []
    const items = interleave([first(), broken(), second()], (error, index) =>
      failures.push(index, String(error)),
    )
    const all = await collect(items)
    t.same(all.toSorted(), ['a1', 'b1', 'b2', 'c1'])
    t.ok(all.indexOf('b1') < all.indexOf('a1'))
    t.same(failures, [1, 'Error: link gone'])
    t.same(await collect(interleave<string>([], () => {})), [])
  },
)

t.test('when the reader has left, nothing is kept for him', async (t) => {
  const channel = new Channel<number>()
  for (const item of [1, 2, 3]) channel.push(item)
  for await (const _ of channel) break
  channel.push(4)
  t.same(await collect(channel), [])
})
