import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { Patience, pauseAfter, sharedDelayMs } from '../../../scanner/sources/patience.ts'

/** Long enough that no test ends by it, and that a busy machine is not taken for a slow end. */
const neverMs = 60_000
/** Timers may fire a millisecond before their time. */
const early = 2
const parent = () => new AbortController().signal

/** How long it has lasted when it ends, in milliseconds. */
function lasts(patience: Patience, since = performance.now()): Promise<number> {
  return new Promise((resolve) => {
    const end = () => resolve(performance.now() - since)
    if (patience.signal.aborted) end()
    patience.signal.addEventListener('abort', end)
  })
}

t.test('where nobody is heard it lasts as long as it was told, and no longer', async (t) => {
  const lasted = await lasts(new Patience(parent(), 500))
  t.ok(lasted >= 500 - early, `${lasted} ms`)
  t.ok(lasted < neverMs / 2, `${lasted} ms`)
})

t.test(
  'it never ends before those who share an answer have had their time (RFC 6762 section 6)',
  async (t) => {
    const patience = new Patience(parent(), neverMs)
    patience.expect('the question', neverMs)
    patience.heard(true)
    await wait(150)
    t.notOk(patience.signal.aborted)
    patience.asked()
    patience.met('the question')
    const lasted = await lasts(patience)
    t.ok(lasted > sharedDelayMs, `${lasted} ms after the last question`)
    t.ok(lasted < neverMs / 2, `${lasted} ms`)
  },
)

t.test('a question that has left before it began had part of that time already', async (t) => {
  const patience = new Patience(parent(), 0)
  patience.asked(600, performance.now() - 400)
  const lasted = await lasts(patience)
  t.ok(lasted >= 200 - early && lasted < 600, `${lasted} ms`)
})

t.test('what does not fit does not end the waiting for what does', async (t) => {
  const patience = new Patience(parent(), 700)
  patience.heard(false)
  t.ok((await lasts(patience)) >= 700 - early)
})

t.test('who should still answer is waited for, until it does or its time is up', async (t) => {
  const patience = new Patience(parent(), 0)
  patience.expect('slow', 600)
  t.ok((await lasts(patience)) >= 600 - early)
  const answered = new Patience(parent(), 0)
  answered.expect('quick', neverMs)
  answered.expect('quicker', neverMs)
  answered.met('quicker')
  await wait(300)
  t.notOk(answered.signal.aborted, 'one of them is still to come')
  answered.met('quick')
  t.ok((await lasts(answered)) < neverMs / 2)
})

t.test('whoever makes up something new all the time does not keep it from its end', async (t) => {
  const patience = new Patience(parent(), 0, 600)
  patience.expect('somebody', neverMs)
  const trickle = setInterval(() => {
    patience.heard(true)
    patience.expect(String(performance.now()), neverMs)
  }, 20)
  const lasted = await lasts(patience)
  clearInterval(trickle)
  t.ok(lasted >= 600 - early && lasted < neverMs / 2, `${lasted} ms`)
})

t.test('it ends with its parent, and leaves no timer behind', async (t) => {
  t.ok(new Patience(AbortSignal.abort(), neverMs).signal.aborted)
  const controller = new AbortController()
  const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
  const before = timers()
  const patience = new Patience(controller.signal, neverMs)
  patience.expect('somebody', neverMs)
  controller.abort()
  t.ok(patience.signal.aborted)
  patience.met('somebody')
  patience.heard(true)
  t.equal(timers(), before)
})

t.test('after late news more may come as late, within bounds', (t) => {
  t.equal(pauseAfter(10), 60, 'there and back')
  t.equal(pauseAfter(400), 400)
  t.equal(pauseAfter(8000), 600)
  t.end()
})

t.test('what came late because this program was busy is not late', async (t) => {
  const patience = new Patience(parent(), neverMs)
  await wait(10)
  const began = performance.now()
  while (performance.now() - began < 500);
  patience.heard(true)
  const lasted = await lasts(patience)
  t.ok(lasted < 500, `${lasted} ms`)
})
