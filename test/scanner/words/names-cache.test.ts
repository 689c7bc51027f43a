import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Machine } from '../../../scanner/machine.ts'
import {
  cachedNames,
  completable,
  namesFile,
  rememberNames,
} from '../../../scanner/words/names-cache.ts'
import { fakeMachine } from '../../fakes/machine.ts'

const minute = 60_000

function machines(...names: (string | null)[]): Machine[] {
  return names.map((name, at) => fakeMachine({ name, id: `00000000000000${10 + at}` }))
}

t.test('names are kept for some minutes, and until a whole look finds others', (t) => {
  const file = join(t.testdir(), 'sub', 'names.json')
  t.same(cachedNames(file), [], 'there is none yet')
  rememberNames(machines('a'), true, file, 0)
  rememberNames(machines('b'), false, file, 5 * minute)
  t.same(cachedNames(file, 6 * minute), ['b', 'a'])
  t.same(cachedNames(file, 12 * minute), ['b'], 'the older is forgotten')
  rememberNames(machines('c'), true, file, 13 * minute)
  t.same(cachedNames(file, 13 * minute), ['c'])
  rememberNames([], true, file, 14 * minute)
  t.same(cachedNames(file, 14 * minute), [])
  t.same(readdirSync(join(file, '..')), ['names.json'], 'nothing is left beside it')
  t.equal(statSync(join(file, '..')).mode & 0o077, 0)
  t.end()
})

t.test('a machine whose name is none for a shell, or not its own, goes by its id', (t) => {
  t.same(completable(machines('NixOS', 'nixos', 'ok', '$(id)', '-x', 'a b', null)), [
    '0000000000000010',
    '0000000000000011',
    'ok',
    '0000000000000013',
    '0000000000000014',
    '0000000000000015',
    '0000000000000016',
  ])
  t.end()
})

t.test('what somebody else has written there is held to the same', (t) => {
  const file = join(t.testdir(), 'names.json')
  const at = Date.now()
  const hostile = ['$(touch /tmp/x)', '--exec', 'a b', 'a\nb', 7, null].map((text) => ({
    text,
    at,
  }))
  writeFileSync(
    file,
    JSON.stringify([...hostile, null, 'x', { text: 'ok', at }, { text: 'later', at: at + minute }]),
  )
  t.same(cachedNames(file), ['ok'])
  for (const text of ['', '{', '{}', '7', JSON.stringify([{ text: 'a', at }]).padEnd(600_000)]) {
    writeFileSync(file, text)
    t.same(cachedNames(file), [], text.slice(0, 10))
  }
  t.end()
})

t.test('where it cannot be kept nobody is stopped', (t) => {
  const folder = t.testdir({ file: 'text' })
  rememberNames(machines('a'), true, join(folder, 'file', 'names.json'))
  t.equal(readFileSync(join(folder, 'file'), 'utf8'), 'text')
  t.equal(namesFile({ XDG_CACHE_HOME: '/c' }), '/c/installer-discovery/names.json')
  t.match(namesFile({ XDG_CACHE_HOME: 'relative' }), /\/\.cache\/installer-discovery\/names\.json$/)
  t.end()
})
