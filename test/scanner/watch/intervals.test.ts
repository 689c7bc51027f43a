import t from 'tap'
import { growingIntervals } from '../../../scanner/watch/intervals.ts'

t.test('each is twice the one before, up to the longest', (t) => {
  const intervals = growingIntervals(1000, 60_000)
  const first = Array.from({ length: 9 }, () => intervals.next().value)
  t.same(first, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  t.end()
})
