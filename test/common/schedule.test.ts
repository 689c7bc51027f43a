import t from 'tap'
import { parseDuration, sleep, spread } from '../../common/schedule.ts'

t.test('durations are 500ms, 4s, 10m or plain seconds', (t) => {
  for (const [text, expected] of [
    ['500ms', 500],
    ['4s', 4000],
    ['10m', 600_000],
    ['3', 3000],
    ['0', 0],
    ['1.5s', 1500],
    ['', undefined],
    ['-1', undefined],
    ['1h', undefined],
    ['1 s', undefined],
    ['1e3', undefined],
    ['s', undefined],
    ['Infinity', undefined],
    ['4s\n', undefined],
  ] as const)
    t.equal(parseDuration(text), expected, JSON.stringify(text))
  t.end()
})

t.test('a spread reaches from the least to just below the most', (t) => {
  t.equal(
    spread(20, 120, () => 0),
    20,
  )
  t.equal(
    spread(20, 120, () => 0.5),
    70,
  )
  t.ok(spread(20, 120, () => 0.999999) < 120)
  t.end()
})

t.test('an aborted signal ends a sleep without an error, before and during it', async (t) => {
  const begin = performance.now()
  await sleep(60_000, AbortSignal.abort())
  await sleep(60_000, AbortSignal.timeout(20))
  t.ok(performance.now() - begin < 10_000)
})

t.test('a sleep longer than a timer can hold does not end at once', async (t) => {
  const stop = new AbortController()
  let awake = false
  const asleep = sleep(40_000 * 60_000, stop.signal).then(() => {
    awake = true
  })
  await sleep(50)
  t.notOk(awake)
  stop.abort()
  await asleep
})
