import t from 'tap'
import { Alarm } from '../../agent/alarm.ts'
import { FakeClock } from '../fakes/clock.ts'

t.test('of several times the earliest counts, and it rings once', (t) => {
  const clock = new FakeClock(t)
  const rings: number[] = []
  const alarm = new Alarm(() => rings.push(clock.now))
  for (const milliseconds of [5000, 20, 300, 20]) alarm.set(milliseconds)
  clock.wait(10_000)
  t.same(rings, [20])
  alarm.set(1)
  alarm.clear()
  clock.wait(10_000)
  t.equal(rings.length, 1, 'not when it is cleared')
  t.end()
})
