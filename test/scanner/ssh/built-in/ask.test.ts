import t from 'tap'
import { Line } from '../../../../scanner/ssh/built-in/ask.ts'

t.test('a line is edited as on a terminal', (t) => {
  for (const [keys, state, text] of [
    ['abc', 'open', 'abc'],
    ['abc\r', 'done', 'abc'],
    ['abc\nmore', 'done', 'abc'],
    ['abx\x7fc\r', 'done', 'abc'],
    ['\b\x7fa\r', 'done', 'a'],
    ['ä€😀\x7f\r', 'done', 'ä€'],
    ['abc\x15de\r', 'done', 'de'],
    ['abc\x03', 'left', 'abc'],
    ['\x04', 'left', ''],
    ['\r', 'done', ''],
  ] as const) {
    const line = new Line(() => {})
    // Byte by byte: a character may come in pieces.
    const states = [...Buffer.from(keys)].map((byte) => line.type(Buffer.from([byte])))
    t.equal(states.find((each) => each !== 'open') ?? 'open', state, JSON.stringify(keys))
    if (keys !== 'abc\nmore') t.equal(line.text, text)
  }
  const echoed: string[] = []
  new Line((key) => echoed.push(key)).type(Buffer.from('ab\x7f\r'))
  t.same(echoed, ['a', 'b'], 'only characters')
  t.end()
})
