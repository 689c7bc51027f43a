import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { dial } from '../../../scanner/ssh/dial.ts'

/** A connection that does what the test says. */
class FakeSocket extends EventEmitter {
  destroyed = false
  destroy(): void {
    this.destroyed = true
  }
}

function world(behave: Record<string, (socket: FakeSocket) => void>) {
  const opened: string[] = []
  const sockets: FakeSocket[] = []
  const open = (host: string) => {
    const socket = new FakeSocket()
    opened.push(host)
    sockets.push(socket)
    behave[host]?.(socket)
    return socket as unknown as Socket
  }
  return { opened, sockets, open }
}

const connects = (socket: FakeSocket) => process.nextTick(() => socket.emit('connect'))
const refuses = (socket: FakeSocket) =>
  process.nextTick(() =>
    socket.emit('error', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })),
  )
const call = { who: 'NixOS', addresses: ['a', 'b', 'c'], port: 22 }
const never = new AbortController().signal

t.test('the first that answers is taken, and no other is tried', async (t) => {
  const { open, opened, sockets } = world({ a: connects })
  t.equal(await dial(call, open, never), sockets[0])
  t.same(opened, ['a'])
})

t.test('after one that fails the next follows at once', async (t) => {
  const { open, opened, sockets } = world({ a: refuses, b: connects })
  const dialled = dial(call, open, never)
  await nextTurn()
  await nextTurn()
  t.same(opened, ['a', 'b'], 'not after the stagger')
  t.equal(await dialled, sockets[1])
})

t.test(
  'after one that is silent the next follows soon; those that come second are dropped',
  async (t) => {
    const { open, opened, sockets } = world({ b: connects })
    t.equal(await dial(call, open, never), sockets[1])
    t.same(opened, ['a', 'b'])
    t.same(
      sockets.map(({ destroyed }) => destroyed),
      [true, false],
    )
    t.doesNotThrow(() => sockets[0]?.emit('error', new Error('too late')))
  },
)

t.test('a first that answers late is taken all the same', async (t) => {
  const { open, sockets } = world({ b: () => sockets[0] && connects(sockets[0]) })
  t.equal(await dial(call, open, never), sockets[0])
  t.equal(sockets[1]?.destroyed, true)
})

t.test('one error says what was tried', async (t) => {
  const { open } = world({ a: refuses, b: refuses, c: refuses })
  await t.rejects(dial(call, open, never), {
    message:
      'NixOS was found, but there is no connection to port 22: a: ECONNREFUSED, b: ECONNREFUSED, c: ECONNREFUSED',
    exitStatus: 6,
  })
  await t.rejects(dial({ ...call, addresses: [] }, open, never), {
    message: /no address was tried/,
  })
})

t.test('when time is up those that are silent are named, and dropped', async (t) => {
  const controller = new AbortController()
  const { open, sockets } = world({
    a: refuses,
    b: () => process.nextTick(() => controller.abort()),
  })
  await t.rejects(dial({ ...call, addresses: ['a', 'b'] }, open, controller.signal), {
    message: /a: ECONNREFUSED, b: no answer$/,
    exitStatus: 6,
  })
  t.equal(sockets[1]?.destroyed, true)
  const { open: unused, opened } = world({})
  await t.rejects(dial(call, unused, controller.signal), { message: /a: no answer|no address/ })
  t.same(opened, [], 'an end before the beginning')
})
