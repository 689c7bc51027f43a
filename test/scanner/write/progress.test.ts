import t from 'tap'
import { formatBytes, formatSeconds, Pace, progressLine } from '../../../scanner/write/progress.ts'

t.test('the pace is that of the last seconds, not of the whole', (t) => {
  const pace = new Pace()
  t.equal(pace.rate, undefined)
  t.equal(pace.left, undefined)
  pace.add({ atMs: 0, bytes: 0, fraction: 0 })
  t.equal(pace.rate, undefined, 'one look tells nothing')
  pace.add({ atMs: 10_000, bytes: 1000, fraction: 0.5 })
  t.equal(pace.rate, 100)
  t.equal(pace.left, 10)
  pace.add({ atMs: 20_000, bytes: 1100, fraction: 0.55 })
  t.equal(pace.rate, 10, 'the fast beginning is forgotten')
  t.equal(Math.round(pace.left ?? 0), 90)
  t.end()
})

t.test('one that does not come on has no time left to tell', (t) => {
  const pace = new Pace()
  for (const atMs of [0, 1000]) pace.add({ atMs, bytes: 0, fraction: 0 })
  t.equal(pace.left, undefined)
  t.end()
})

const sample = { atMs: 0, bytes: 1_300_000_000, fraction: 0.456 }
const pace = { rate: 28_000_000, left: 57 }

t.test('a line is never wider than the terminal, and says less on a narrow one', (t) => {
  const line = (columns: number) => progressLine('writing', sample, pace, columns)
  t.equal(
    line(80),
    `writing  45 % [${'#'.repeat(13)}${'-'.repeat(17)}]  1.3 GB  28.0 MB/s  57 s left`,
  )
  t.equal(line(40), 'writing  45 %  28.0 MB/s  57 s left')
  t.equal(line(45), 'writing  45 %  1.3 GB  28.0 MB/s  57 s left')
  t.equal(line(25), 'writing  45 %  57 s left')
  t.equal(line(10), '45 %')
  for (let columns = 1; columns < 120; columns++) t.ok(line(columns).length <= columns)
  t.equal(line(Number.POSITIVE_INFINITY), 'writing  45 %  1.3 GB  28.0 MB/s  57 s left')
  t.equal(
    progressLine('writing', sample, { rate: undefined, left: undefined }, 30),
    'writing  45 %  1.3 GB',
  )
  t.end()
})

t.test('sizes are in powers of 1000, as on sticks', (t) => {
  t.same([0, 999, 1000, 15_931_539_456, 123_456_789, 5e15].map(formatBytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '15.9 GB',
    '123 MB',
    '5000 TB',
  ])
  t.same([0.2, 59, 61, 3599.5, 3900].map(formatSeconds), [
    '1 s',
    '59 s',
    '1 m 1 s',
    '1 h 0 m',
    '1 h 5 m',
  ])
  t.end()
})
