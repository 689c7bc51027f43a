import t from 'tap'
import type { Check, Context } from '../../../scanner/doctor/check.ts'
import { checks, checksOn } from '../../../scanner/doctor/checks.ts'
import { diagnose } from '../../../scanner/doctor/diagnose.ts'
import { layers } from '../../../scanner/doctor/finding.ts'

const context: Context = {
  name: undefined,
  isNamed: false,
  links: [],
  meant: [],
  searched: [],
  look: Promise.resolve({ machines: [], meant: [], ways: [], warnings: [] }),
}
const fine: Check = { layer: 'ssh', run: async () => [{ level: 'ok', code: 'fine', reason: 'x' }] }
const never: Check = { layer: 'ping', run: () => new Promise(() => {}) }
const broken: Check = { layer: 'route', run: () => Promise.reject(new Error('no')) }

async function run(list: Check[], signal: AbortSignal, withinMs = 50): Promise<string[]> {
  const found: string[] = []
  for await (const { layer, code, reason } of diagnose(list, context, signal, withinMs))
    found.push(`${layer} ${code}: ${reason}`)
  return found
}

t.test('in order, and what could not be looked at is said', async (t) => {
  const { signal } = new AbortController()
  t.same(await run([broken, never, fine], signal), [
    'route unseen: could not be looked at: no',
    'ping unseen: could not be looked at: it takes too long',
    'ssh fine: x',
  ])
})

t.test('ends with its signal, and says nothing more', async (t) => {
  const controller = new AbortController()
  const running = run([fine, never, fine], controller.signal, 60_000)
  controller.abort()
  t.same(await running, [])
})

t.test('from the card up to the login', (t) => {
  const order = checks.map(({ layer }) => layers.indexOf(layer))
  t.same(
    order,
    [...order].sort((a, b) => a - b),
  )
  t.same([...new Set(checks.map(({ layer }) => layer))], [...layers], 'each has one')
  t.end()
})

t.test('elsewhere than on Linux only what can be seen there', (t) => {
  t.same(checksOn('linux'), checks)
  const left = new Set(checksOn('darwin').map(({ layer }) => layer))
  t.same(
    layers.filter((each) => !left.has(each)),
    ['route', 'sysctl', 'neighbour', 'port', 'names'],
  )
  t.end()
})
