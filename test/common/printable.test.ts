import t from 'tap'
import { printable, printableWord } from '../../common/printable.ts'

t.test('what a terminal would obey, or not show, is spelled out', async (t) => {
  const cases: [text: string, shown: string][] = [
    ['plain text, \u00e9 and \u041e', 'plain text, \u00e9 and \u041e'],
    ['\x1b[2J\x07', '\\u{1b}[2J\\u{7}'],
    ['a\rb\tc\x7f', 'a\\u{d}b\\u{9}c\\u{7f}'],
    ['\u009b31m', '\\u{9b}31m'],
    ['\u202etxt\u2066', '\\u{202e}txt\\u{2066}'],
    ['a\u200bb\u00ad\ufeff\u2028', 'a\\u{200b}b\\u{ad}\\u{feff}\\u{2028}'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ud800', '\\u{d800}'],
  ]
  for (const [text, shown] of cases) {
    t.equal(printable(text), shown)
    t.equal(printableWord(text), shown)
  }
})

t.test('lines stay lines, but a word is within one', async (t) => {
  t.equal(printable('a\nb'), 'a\nb')
  t.equal(printableWord('a\nb'), 'a\\u{a}b')
})
