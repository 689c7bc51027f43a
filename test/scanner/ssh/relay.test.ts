import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { Pump, relay } from '../../../scanner/ssh/relay.ts'

const never = new AbortController().signal

/** A relay to a server that does what the test says. */
async function relayTo(t: Test, serve: (socket: Socket) => void, signal = never) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    serve(socket)
  })
  // A path of a socket has at most 107 bytes (unix(7)).
  const folder = await mkdtemp(join(tmpdir(), 'relay-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'socket')
  server.listen(path)
  await once(server, 'listening')
  t.teardown(() => server.close())
  const answers = new Pump()
  const connection = connect({ path, allowHalfOpen: true, onread: answers.onread }).pause()
  await once(connection, 'connect')
  const input = new PassThrough()
  const output = new PassThrough()
  const ends = { input: (to: NodeJS.WritableStream) => void input.pipe(to), output }
  return { input, output, connection, over: relay({ ...ends, connection, answers }, signal) }
}

t.test('our end is told to the peer, whose answer still comes', async (t) => {
  const { input, output, over } = await relayTo(t, (socket) => {
    let heard = ''
    socket.on('data', (bytes) => {
      heard += bytes
    })
    socket.on('end', () => socket.end(`heard ${heard}`))
  })
  input.end('hello')
  t.equal(await text(output), 'heard hello')
  await over
})

t.test('the end of the peer is ours to read, and what we say after it arrives', async (t) => {
  let heard: Promise<string> = Promise.resolve('')
  const { input, output, over } = await relayTo(t, (socket) => {
    socket.end('bye')
    heard = text(socket)
  })
  t.equal(await text(output), 'bye')
  input.end('late')
  await over
  t.equal(await heard, 'late')
})

t.test('a peer that has said all and left is no error', async (t) => {
  const { input, output, over } = await relayTo(t, (socket) =>
    socket.end('bye', () => socket.destroy()),
  )
  t.equal(await text(output), 'bye')
  // The first is answered by a reset, the second meets it.
  const talk = setInterval(() => input.write('more'), 5)
  t.teardown(() => clearInterval(talk))
  await over
})

t.test('a slow reader stops the sender', async (t) => {
  let sent = 0
  const block = Buffer.alloc(1_000_000)
  const blocks = 100
  const { output, over, input } = await relayTo(t, (socket) => {
    const send = () => {
      while (sent < blocks) {
        sent += 1
        if (!socket.write(block)) return socket.once('drain', send)
      }
      return socket.end()
    }
    send()
  })
  let before = -1
  while (before !== sent) {
    before = sent
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  t.ok(sent < blocks / 2, `${sent} of ${blocks} MB are under way`)
  t.ok(output.readableLength + output.writableLength < block.length, 'and hardly any in the relay')
  let read = 0
  for await (const bytes of output) read += bytes.length
  t.equal(read, blocks * block.length)
  input.end()
  await over
})

t.test('a connection that breaks is an error, after what came before', async (t) => {
  const { output, connection, over } = await relayTo(t, (socket) => socket.write('before'))
  const broken = t.rejects(over, { message: 'the connection broke: ECONNRESET', exitStatus: 1 })
  await once(output, 'readable')
  connection.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
  t.equal(await text(output), 'before')
  await broken
})

t.test('a reader that is gone, and the signal, end it', async (t) => {
  const gone = await relayTo(t, (socket) => socket.write('x'))
  gone.output.destroy(Object.assign(new Error('no reader'), { code: 'EPIPE' }))
  await gone.over
  t.equal(gone.connection.destroyed, true)
  const controller = new AbortController()
  const aborted = await relayTo(t, () => {}, controller.signal)
  controller.abort()
  await aborted.over
  t.equal(aborted.connection.destroyed, true)
})
