import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { shellWord, shellWords } from '../../../scanner/remote/shell-words.ts'

/** What a shell makes of a line: its words, each ended by a NUL. */
function readBack(line: string): string[] {
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
  return printed.split('\0').slice(0, -1)
}

t.test('whatever is in it, a shell reads the word back', (t) => {
  const hostile = [
    '',
    "'",
    "''",
    '"$(reboot)"',
    '`reboot`',
    '; reboot #',
    '\n\t\\',
    '$IFS',
    '-rf',
    '~root',
    '*',
    '/dev/disk/by-label/a b',
    'é\u{1f4a3}',
  ]
  t.same(readBack(shellWords(hostile)), hostile)
  t.equal(shellWord('/dev/sda2'), '/dev/sda2', 'what is plain stays readable')
  t.throws(() => shellWord('a\0b'))
  t.end()
})

t.test('also by chance', (t) => {
  const word = fc.string({ unit: 'binary' }).filter((each) => !each.includes('\0'))
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      const bytes = words.map((each) => Buffer.from(each).toString())
      t.same(readBack(shellWords(bytes)), bytes)
    }),
    { numRuns: 50 },
  )
  t.end()
})
