import t from 'tap'
import { InPlace } from '../../../scanner/watch/in-place.ts'
import { FakeTerminal } from '../../fakes/terminal.ts'

/** A terminal of ten columns on which a shell has written something. */
function open() {
  const terminal = new FakeTerminal(() => 10)
  const stream = { columns: 10, rows: 5, write: (text: string) => terminal.write(text) }
  stream.write('$ find\r\n')
  return { terminal, inPlace: new InPlace(stream as unknown as NodeJS.WriteStream) }
}

t.test('lines take the place of those before, and of nothing else', (t) => {
  const { terminal, inPlace } = open()
  t.same(inPlace.size, { columns: 10, lines: 4 }, 'the cursor stands on the last')
  inPlace.show(['one', '0123456789', 'three'])
  inPlace.show(['two', 'lines'])
  t.same(terminal.lines, ['$ find', 'two', 'lines', ''])
  inPlace.close()
  t.same(terminal.lines, ['$ find', ''])
  t.end()
})

t.test('what is there already is not written again', (t) => {
  let written = 0
  const stream = { columns: 10, rows: 5, write: () => written++ }
  const inPlace = new InPlace(stream as unknown as NodeJS.WriteStream)
  inPlace.show(['one'])
  inPlace.show(['one'])
  t.equal(written, 1)
  inPlace.show(['two'])
  t.equal(written, 2)
  inPlace.close()
  t.end()
})

t.test('after a stop by Ctrl-Z they go on below what the shell has written', (t) => {
  const { terminal, inPlace } = open()
  inPlace.show(['one'])
  terminal.write('stopped\r\n')
  process.emit('SIGCONT', 'SIGCONT')
  inPlace.show(['two'])
  inPlace.show(['three'])
  inPlace.close()
  t.same(terminal.lines, ['$ find', 'one', 'stopped', ''])
  t.equal(process.listenerCount('SIGCONT'), 0)
  t.end()
})
