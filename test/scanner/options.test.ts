import t from 'tap'
import {
  readFindLimit,
  readFindMode,
  readPatience,
  readSearchOptions,
} from '../../scanner/options.ts'

const usage = { name: 'Failure', exitStatus: 2 }
const read = (over: object) => readSearchOptions({ timeout: '4s', all: false, ...over }, 'NixOS')

t.test('without options: every link and every source, for four seconds', (t) => {
  t.same(read({}), {
    name: 'NixOS',
    interfaces: [],
    sources: ['mdns', 'service', 'neighbour', 'static', 'ssh'],
    timeoutMs: 4000,
    all: false,
  })
  t.end()
})

t.test('options given once or repeatedly are lists', (t) => {
  t.match(read({ interface: 'en*', source: 'mdns' }), { interfaces: ['en*'], sources: ['mdns'] })
  const interfaces = ['eno1', 'wlan0']
  const sources = ['mdns', 'ssh']
  t.same(read({ interface: interfaces, source: sources }).interfaces, interfaces)
  t.same(read({ source: sources, all: true, timeout: '500ms' }), {
    ...read({}),
    sources,
    all: true,
    timeoutMs: 500,
  })
  t.end()
})

t.test('no duration, or none at all, is a usage error that says what to type', (t) => {
  for (const timeout of ['', '0', '0s', '-1', '4 s', 'soon', '4h', '1e3', 'NaN'])
    try {
      t.fail(JSON.stringify(read({ timeout })))
    } catch (error) {
      t.match(error, { exitStatus: 2, advice: 'for example 500ms, 4s or 10m' }, timeout)
    }
  t.end()
})

t.test('a wait may be without end, a look may not', (t) => {
  t.equal(readPatience('10m'), 600_000)
  for (const text of ['none', '0', '0s'])
    t.equal(readPatience(text), Number.POSITIVE_INFINITY, text)
  t.throws(() => readPatience('never'), usage)
  t.equal(readFindLimit({ kind: 'look' }, undefined), 4000)
  t.equal(readFindLimit({ kind: 'wait', count: 1 }, undefined), 600_000)
  t.equal(readFindLimit({ kind: 'watch' }, undefined), Number.POSITIVE_INFINITY)
  t.equal(readFindLimit({ kind: 'watch' }, '5s'), 5000)
  t.throws(() => readFindLimit({ kind: 'look' }, 'none'), usage)
  t.end()
})

t.test('how find ends, and what does not go together', (t) => {
  const plain = { json: false, ndjson: false, watch: false, wait: false }
  t.same(readFindMode(plain), { kind: 'look' })
  t.same(readFindMode({ ...plain, json: true }), { kind: 'look' })
  t.same(readFindMode({ ...plain, watch: true, ndjson: true }), { kind: 'watch' })
  t.same(readFindMode({ ...plain, wait: true, json: true }), { kind: 'wait', count: 1 })
  t.same(readFindMode({ ...plain, wait: true, count: 3 }), { kind: 'wait', count: 3 })
  for (const over of [
    { json: true, ndjson: true },
    { watch: true, json: true },
    { watch: true, wait: true },
    { count: 2 },
    { wait: true, count: 0 },
    { wait: true, count: 1.5 },
    { wait: true, count: Number.NaN },
  ])
    t.throws(() => readFindMode({ ...plain, ...over }), usage, JSON.stringify(over))
  t.end()
})
