import { deepEqual, equal } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import yargs from 'yargs'
import { commonOptions, searchOptions, shortForms } from '../../../scanner/options.ts'
import { findPlainly, plainArguments } from '../../../scanner/verbs/find.ts'

const options = ['name', 'timeout', 'all', 'verbose', 'quiet', 'json', 'ndjson'] as const
const lists = ['interface', 'source'] as const

/** What yargs makes of the words; undefined when it complains. */
async function byYargs(words: readonly string[]): Promise<Record<string, unknown> | undefined> {
  try {
    return await yargs()
      .command('find [name]', '', (command) =>
        searchOptions(commonOptions(command))
          .alias(shortForms)
          .positional('name', { type: 'string' })
          .option('json', { type: 'boolean', default: false })
          .option('ndjson', { type: 'boolean', default: false }),
      )
      .strict()
      .fail((message) => {
        throw new Error(message)
      })
      .parseAsync(['find', ...words])
  } catch {
    return undefined
  }
}

const word = fc.oneof(
  fc.constantFrom('-i', '-a', '-v', '-q', '--all', '--json', '--ndjson', '--quiet', '--verbose'),
  fc.constantFrom('--interface', '--source', '--timeout', '--watch', '--count', '--no-all', '-ia'),
  fc.constantFrom(
    'op0',
    'mdns',
    'ssh',
    '4s',
    'NixOS',
    'fe80::47%op0',
    '1ae4',
    '007',
    '0x10',
    '1e3',
  ),
  fc.constantFrom('--', '-', '', 'a=b', '--json=false', '"x"', "'x'", 'true', 'false', '-1', '.5'),
  fc.string({ maxLength: 4 }),
)

t.test('what is read without yargs is what yargs reads', async (t) => {
  let plain = 0
  const lines = fc.array(word, { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(lines, async (words) => {
      const read = plainArguments(words)
      if (!read) return
      plain++
      const expected = await byYargs(words)
      if (!expected) throw new Error(`yargs refuses ${JSON.stringify(words)}`)
      for (const option of options) equal(read[option], expected[option], String(words))
      for (const list of lists)
        deepEqual([read[list] ?? []].flat(), [expected[list] ?? []].flat(), String(words))
    }),
    { numRuns: 600 },
  )
  t.ok(plain > 30, `${plain} lines were plain`)
})

t.test('what people type is read without it, the rest is left to it', (t) => {
  const plain = [
    [],
    ['NixOS'],
    ['--json'],
    ['-i', 'eno1', '-i', 'wlan0', 'NixOS', '--timeout', '1s'],
  ]
  for (const words of plain) t.ok(plainArguments(words), words.join(' '))
  const others = [
    ['--watch'],
    ['--wait', '--count', '3'],
    ['a', 'b'],
    ['--source', 'nothing'],
    ['--timeout'],
    ['--timeout', '1s', '--timeout', '2s'],
    ['--json', '--json'],
    ['--interface=eno1'],
  ]
  for (const words of others) t.notOk(plainArguments(words), words.join(' '))
  t.notOk(findPlainly(['wait', 'NixOS']), 'nor another verb')
  t.end()
})
