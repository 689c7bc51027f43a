import t from 'tap'
import { Heartbeat } from '../../../scanner/install/heartbeat.ts'

t.test('silence is spoken of again and again', async (t) => {
  const said: number[] = []
  await new Promise<void>((resolve) => {
    const heartbeat = new Heartbeat(20, (silent) => {
      said.push(silent)
      if (said.length < 2) return
      heartbeat.stop()
      resolve()
    })
    heartbeat.beat()
  })
  const [first = 0, second = 0] = said
  t.ok(first >= 0.019 && second > first, said.join())
})

t.test('or never', (t) => {
  const heartbeat = new Heartbeat(Number.POSITIVE_INFINITY, () => t.fail())
  heartbeat.beat()
  heartbeat.stop()
  t.end()
})
