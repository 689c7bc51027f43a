import t from 'tap'
import { earliestTime, validUntil } from '../../../agent/certificates/validity.ts'

const dayMs = 86_400_000
const days = (seconds: number, since: number) => Math.round((seconds * 1000 - since) / dayMs)

t.test('a year from a clock that may be right', (t) => {
  for (const now of [earliestTime, Date.UTC(2030, 1, 2, 3, 4, 5)])
    t.equal(days(validUntil(now), now), 365)
  t.end()
})

t.test(
  'from a clock without a battery: valid for operators of the next ten years, not for ever',
  (t) => {
    for (const now of [0, Date.UTC(2015, 0, 1), earliestTime - 1])
      t.equal(days(validUntil(now), earliestTime), 3650)
    t.end()
  },
)

t.test('whole seconds', (t) => {
  t.ok(Number.isInteger(validUntil(earliestTime + 1.5)))
  t.end()
})
