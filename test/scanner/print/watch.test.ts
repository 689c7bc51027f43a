import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { type Frame, formatFrame, formatSoFar, type Row } from '../../../scanner/print/watch.ts'
import { fakeMachine } from '../../fakes/machine.ts'

/** A line that is drawn in one rendition, which ends with it. */
const esc = '\x1b'
const sgr = new RegExp(`^${esc}\\[([\\d;]+)m.*${esc}\\[0m$`)
const states: Row['state'][] = ['new', 'changed', 'here', 'fading', 'gone']
const rows = states.map((state, n): Row => ({ machine: fakeMachine({ name: `m${n}` }), state }))
const frame = (over: Partial<Frame> = {}): Frame => ({
  rows,
  links: ['eno1', 'wlan0'],
  searching: false,
  warnings: [],
  ...over,
})

t.test('a heading, the table with a word for what happened, no escapes without colour', (t) => {
  const lines = formatFrame(frame(), { columns: 200, lines: 24 }, false)
  t.equal(lines[0], '4 installers on eno1, wlan0 (Ctrl-C ends)')
  t.match(lines[1], /^ +NAME +TARGET +MAC +SSH +SYSTEM +FOUND BY$/)
  t.same(
    lines.slice(2).map((line) => line.slice(0, 11).trimEnd()),
    ['new      m0', 'changed  m1', '         m2', 'silent   m3', 'gone     m4'],
  )
  t.notOk(lines.join('').includes('\x1b'))
  t.end()
})

t.test('with colour the rows look the same, and only SGR is in them', (t) => {
  const size = { columns: 90, lines: 24 }
  const plain = formatFrame(frame(), size, false)
  const coloured = formatFrame(frame(), size, true)
  t.same(
    coloured.map((line) => stripVTControlCharacters(line)),
    plain,
  )
  t.same(coloured.map((line) => sgr.exec(line)?.[1]).slice(2), ['1;32', '1', undefined, '2', '2'])
  t.end()
})

t.test('no terminal is too narrow or too low: nothing wraps, nothing scrolls', (t) => {
  const warnings = ['one', 'two', 'three', 'four']
  for (let columns = 1; columns < 140; columns++)
    for (const lines of [1, 2, 3, 5, 8, 24]) {
      const shown = formatFrame(frame({ warnings }), { columns, lines }, true)
      const widest = Math.max(...shown.map((line) => stripVTControlCharacters(line).length))
      if (widest > columns || shown.length > lines) t.fail(`${columns} x ${lines}`)
      const soFar = formatSoFar(
        rows.map(({ machine }) => machine),
        { columns, lines },
      )
      if (soFar.some((line) => line.length > columns) || soFar.length > lines)
        t.fail(`so far ${columns} x ${lines}`)
    }
  const low = formatFrame(frame(), { columns: 80, lines: 4 }, false)
  t.same(low.length, 4)
  t.match(low[3], /^\.\.\. and 4 more$/)
  t.match(formatFrame(frame(), { columns: 30, lines: 9 }, false)[2], /^new {6}m0 .*>$/)
  t.end()
})

t.test('nothing heard or named moves the cursor or hides its width', (t) => {
  const interface_ = 'e\x1b[2J\u200b\u202e\u{1f4a9}'
  const target = `fe80::1%${interface_}`
  const [line = ''] = formatFrame(
    frame({ rows: [{ machine: fakeMachine({ target }), state: 'here' }], links: [] }),
    { columns: 200, lines: 24 },
    true,
  ).slice(2)
  t.match(line, /fe80::1%e\?\[2J\?\?\? /)
  t.match(line, /^[\x20-\x7e]*$/)
  const [heading = ''] = formatFrame(
    frame({ links: [interface_] }),
    { columns: 99, lines: 2 },
    true,
  )
  t.match(heading, /^[\x20-\x7e]*$/)
  const warned = formatFrame(
    frame({ warnings: ['\x1b]0;x\x07'] }),
    { columns: 99, lines: 24 },
    true,
  )
  t.equal(warned.at(-1), 'warning: ?]0;x?')
  t.end()
})

t.test('nothing there: it says where it looks, and what to do without a link', (t) => {
  const shown = (over: Partial<Frame>) =>
    formatFrame(frame({ rows: [], ...over }), { columns: 80, lines: 24 }, true)
  t.same(shown({}), ['0 installers on eno1, wlan0 (Ctrl-C ends)'])
  t.same(shown({ searching: true }), ['0 installers on eno1, wlan0, searching (Ctrl-C ends)'])
  t.match(shown({ links: [] })[0], /plug in the cable/)
  t.end()
})
