import t from 'tap'
import { Escapes } from '../../../../scanner/ssh/built-in/escape.ts'

/** What goes on, chunk by chunk, and whether the connection ends. */
function typed(chunks: readonly string[]): [string, boolean] {
  const escapes = new Escapes()
  const read = chunks.map((chunk) => escapes.read(Buffer.from(chunk)))
  return [read.map(({ bytes }) => bytes.toString()).join(''), read.some(({ isOver }) => isOver)]
}

t.test('~. at the start of a line ends the connection', (t) => {
  for (const [chunks, passed, isOver] of [
    [['~.'], '', true],
    [['~', '.'], '', true],
    [['ls\r~.'], 'ls\r', true],
    [['ls\n~', '.more'], 'ls\n', true],
    [['ls ~.\r'], 'ls ~.\r', false],
    [['~~.\r'], '~.\r', false],
    [['~~', '~.'], '~~.', false],
    [['~/x\r'], '~/x\r', false],
    [['~\r~.'], '~\r', true],
    [['~', 'a', '.'], '~a.', false],
    [['\u00e4\r'], '\u00e4\r', false],
  ] as const)
    t.same(typed(chunks), [passed, isOver], JSON.stringify(chunks))
  t.end()
})
