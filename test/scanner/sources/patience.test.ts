import t, { type Test } from 'tap'
import { Patience, pauseAfter, sharedDelayMs } from '../../../scanner/sources/patience.ts'
import { FakeClock } from '../../fakes/clock.ts'

/** Longer than any test lasts. */
const neverMs = 60_000
/** After its timer it has a turn of the event loop. */
const turnsMs = 3
const parent = () => new AbortController().signal

/** How long it lasts from now, in milliseconds. */
function lasts(clock: FakeClock, patience: Patience): number {
  const since = clock.now
  while (!patience.signal.aborted && clock.now - since < neverMs) clock.wait(1)
  return clock.now - since
}

function isAbout(t: Test, lastedMs: number, expectedMs: number): void {
  t.ok(lastedMs >= expectedMs && lastedMs <= expectedMs + turnsMs, `${lastedMs}, ${expectedMs} ms`)
}

t.test('where nobody is heard it lasts as long as it was told, and no longer', (t) => {
  const clock = new FakeClock(t)
  isAbout(t, lasts(clock, new Patience(parent(), 500)), 500)
  t.end()
})

t.test(
  'it never ends before those who share an answer have had their time (RFC 6762 section 6)',
  (t) => {
    const clock = new FakeClock(t)
    const patience = new Patience(parent(), neverMs)
    patience.expect('the question', neverMs)
    patience.heard(true)
    clock.wait(150)
    t.notOk(patience.signal.aborted)
    patience.asked()
    patience.met('the question')
    isAbout(t, lasts(clock, patience), sharedDelayMs + pauseAfter(0))
    t.end()
  },
)

t.test('a question that has left before it began had part of that time already', (t) => {
  const clock = new FakeClock(t)
  clock.wait(400)
  const patience = new Patience(parent(), 0)
  patience.asked(600, clock.now - 400)
  isAbout(t, lasts(clock, patience), 200 + pauseAfter(0))
  t.end()
})

t.test('what does not fit does not end the waiting for what does', (t) => {
  const clock = new FakeClock(t)
  const patience = new Patience(parent(), 700)
  patience.heard(false)
  isAbout(t, lasts(clock, patience), 700)
  t.end()
})

t.test('who should still answer is waited for, until it does or its time is up', (t) => {
  const clock = new FakeClock(t)
  const patience = new Patience(parent(), 0)
  patience.expect('slow', 600)
  isAbout(t, lasts(clock, patience), 600)
  const answered = new Patience(parent(), 0)
  answered.expect('quick', neverMs)
  answered.expect('quicker', neverMs)
  answered.met('quicker')
  clock.wait(300)
  t.notOk(answered.signal.aborted, 'one of them is still to come')
  answered.met('quick')
  isAbout(t, lasts(clock, answered), 0)
  t.end()
})

t.test('whoever makes up something new all the time does not keep it from its end', (t) => {
  const clock = new FakeClock(t)
  const patience = new Patience(parent(), 0, 600)
  patience.expect('somebody', neverMs)
  setInterval(() => {
    patience.heard(true)
    patience.expect(String(clock.now), neverMs)
  }, 20)
  isAbout(t, lasts(clock, patience), 600)
  t.end()
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

t.test('what came late because this program was busy is not late', (t) => {
  const clock = new FakeClock(t)
  const patience = new Patience(parent(), neverMs)
  clock.wait(10)
  clock.work(500)
  patience.heard(true)
  isAbout(t, lasts(clock, patience), pauseAfter(10))
  t.end()
})
