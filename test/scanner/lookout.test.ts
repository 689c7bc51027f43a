import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { Lookout } from '../../scanner/lookout.ts'

const neverMs = 60_000
const parent = () => new AbortController().signal

t.test('enough ends the round, and not before', async (t) => {
  const answers = ['go on', 5, 5, 'enough'] as const
  let looks = 0
  const lookout = new Lookout(parent(), () => answers[looks++] ?? 'go on')
  const ended = new Promise((resolve) => lookout.signal.addEventListener('abort', resolve))
  lookout.soon()
  await wait(150)
  t.equal(looks, 1, 'nothing new, nothing to look at')
  t.notOk(lookout.signal.aborted)
  lookout.soon()
  await ended
  t.equal(looks, 4, 'time alone may make it enough')
  lookout.end()
})

t.test(
  'it does not look at every piece of news, and takes a quarter of the time at most',
  async (t) => {
    let looks = 0
    let busyMs = 0
    const began = performance.now()
    const lookout = new Lookout(parent(), () => {
      const start = performance.now()
      while (performance.now() - start < 20);
      busyMs += performance.now() - start
      looks++
      return 'go on'
    })
    const news = setInterval(() => lookout.soon(), 1)
    await wait(800)
    clearInterval(news)
    lookout.end()
    const elapsedMs = performance.now() - began
    t.ok(looks > 1)
    // The last look is not followed by a rest.
    t.ok(busyMs <= elapsedMs / 4 + 3 * (busyMs / looks), `${busyMs} of ${elapsedMs} ms`)
  },
)

t.test('the first look, slow by what it loads, is no measure for those after it', async (t) => {
  const looks: number[] = []
  const lookout = new Lookout(parent(), () => {
    const start = performance.now()
    while (looks.length === 0 && performance.now() - start < 200);
    looks.push(performance.now())
    return looks.length < 3 ? 1 : 'enough'
  })
  const ended = new Promise((resolve) => lookout.signal.addEventListener('abort', resolve))
  lookout.soon()
  await ended
  const [first = 0, second = 0] = looks
  t.ok(second - first < 400, `${second - first} ms`)
})

t.test('it ends with its parent', (t) => {
  t.ok(new Lookout(AbortSignal.abort(), () => 'go on').signal.aborted)
  const controller = new AbortController()
  const lookout = new Lookout(controller.signal, () => 'go on')
  t.notOk(lookout.signal.aborted)
  controller.abort()
  t.ok(lookout.signal.aborted)
  t.end()
})

t.test('after its end it looks no more', async (t) => {
  const controller = new AbortController()
  const lookout = new Lookout(controller.signal, () => {
    t.fail('looked')
    return 'go on'
  })
  lookout.soon()
  lookout.end()
  await wait(100)
  controller.abort()
  t.notOk(lookout.signal.aborted, 'nor does it listen')
})

t.test('newer Nodes have nothing to complain of', async (t) => {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  await new Promise<void>((resolve) => {
    const lookout = new Lookout(parent(), () => {
      resolve()
      return 'go on'
    })
    lookout.soon()
    setTimeout(resolve, neverMs).unref()
  })
  await wait(5)
  t.same(warnings, [])
})
