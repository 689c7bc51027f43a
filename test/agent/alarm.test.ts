import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { Alarm } from '../../agent/alarm.ts'

t.test('of several times the earliest counts, and it rings once', async (t) => {
  const begun = performance.now()
  const rings: number[] = []
  const alarm = new Alarm(() => rings.push(performance.now() - begun))
  for (const milliseconds of [5000, 20, 300, 20]) alarm.set(milliseconds)
  await wait(100)
  t.equal(rings.length, 1)
  t.ok((rings[0] ?? 0) < 100, `rang after ${rings[0]} ms`)
  alarm.set(1)
  alarm.clear()
  await wait(30)
  t.equal(rings.length, 1, 'not when it is cleared')
})
