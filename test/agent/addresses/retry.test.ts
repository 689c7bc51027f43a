import t from 'tap'
import { retryDelay } from '../../../agent/addresses/retry.ts'

t.test('tries follow after 1, 2, then 4 s, up to half of it taken away', (t) => {
  for (const [failures, least, most] of [
    [0, 500, 1000],
    [1, 1000, 2000],
    [2, 2000, 4000],
    [3, 2000, 4000],
    [2000, 2000, 4000],
  ] as const) {
    t.equal(
      retryDelay(failures, () => 0),
      least,
    )
    t.equal(
      retryDelay(failures, () => 1),
      most,
    )
  }
  t.end()
})
