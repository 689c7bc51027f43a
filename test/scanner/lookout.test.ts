import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { Lookout } from '../../scanner/lookout.ts'
import { FakeClock } from '../fakes/clock.ts'

const neverMs = 60_000
const parent = () => new AbortController().signal

t.test('enough ends the round, and not before', (t) => {
  const clock = new FakeClock(t)
  const answers = ['go on', 5, 5, 'enough'] as const
  let looks = 0
  const lookout = new Lookout(parent(), () => answers[looks++] ?? 'go on')
  lookout.soon()
  clock.wait(neverMs)
  t.equal(looks, 1, 'nothing new, nothing to look at')
  t.notOk(lookout.signal.aborted)
  lookout.soon()
  clock.wait(20)
  t.ok(lookout.signal.aborted)
  t.equal(looks, 4, 'time alone may make it enough')
  lookout.end()
  t.end()
})

t.test('it does not look at every piece of news, and takes a quarter of the time at most', (t) => {
  const clock = new FakeClock(t)
  let looks = 0
  const lookout = new Lookout(parent(), () => {
    looks++
    clock.work(20)
    return 'go on'
  })
  while (clock.now < 8000) {
    lookout.soon()
    clock.wait(1)
  }
  lookout.end()
  // Each is followed by three times its length, but for the first.
  t.ok(looks >= 95 && looks <= 101, `${looks} of 100`)
  t.end()
})

t.test('the first look, slow by what it loads, is no measure for those after it', (t) => {
  const clock = new FakeClock(t)
  const looks: number[] = []
  const lookout = new Lookout(parent(), () => {
    if (looks.length === 0) clock.work(200)
    looks.push(clock.now)
    return looks.length < 3 ? 1 : 'enough'
  })
  lookout.soon()
  clock.wait(20)
  const [first = 0, second = 0] = looks
  t.ok(lookout.signal.aborted)
  t.ok(second - first < 10, `${second - first} ms`)
  t.end()
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

t.test('after its end it looks no more', (t) => {
  const clock = new FakeClock(t)
  const controller = new AbortController()
  const lookout = new Lookout(controller.signal, () => {
    t.fail('looked')
    return 'go on'
  })
  lookout.soon()
  lookout.end()
  clock.wait(neverMs)
  controller.abort()
  t.notOk(lookout.signal.aborted, 'nor does it listen')
  t.end()
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
