import t from 'tap'
import { readSearchOptions } from '../../scanner/options.ts'

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
