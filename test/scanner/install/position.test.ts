import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openPosition, readPosition } from '../../../scanner/install/position.ts'

const run = '01234567-89ab-cdef-0123-456789abcdef'
const other = run.replace('0', 'f')

t.test('where the operator was is found again, for this run only', async (t) => {
  const folder = t.testdir()
  process.env.XDG_STATE_HOME = folder
  const first = await openPosition('525400fffe123456', run)
  t.equal(first.bytes, 0)
  first.advance(70_000)
  first.advance(5)
  first.close()
  const file = join(folder, 'installer-discovery', 'installs', '525400fffe123456')
  t.equal(readPosition(readFileSync(file, 'latin1'), run), 70_005)
  const second = await openPosition('525400fffe123456', run)
  t.equal(second.bytes, 70_005)
  second.advance(1)
  second.close()
  t.equal(readPosition(readFileSync(file, 'latin1'), run), 70_006, 'replaced, not appended')
  const third = await openPosition('525400fffe123456', other)
  t.equal(third.bytes, 0)
  third.close()
})

t.test('what is damaged is as if it were not there', (t) => {
  for (const text of ['', `${run} 5`, `${run} -5\n`, `${run}\n`, `${other} 5\n`, 'x 5\n'])
    t.equal(readPosition(text, run), 0, text)
  t.end()
})
