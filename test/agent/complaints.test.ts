import t from 'tap'
import { Complaints } from '../../agent/complaints.ts'
import { Failure } from '../../common/failure.ts'

t.test('trouble is said when it begins, and again after it was over', (t) => {
  const said: unknown[] = []
  const say = (level: string) => (facts: object, sentence: string) =>
    said.push({ level, ...facts, sentence })
  const complaints = new Complaints({
    error: say('error'),
    warn: say('warn'),
    info: say('info'),
    debug: say('debug'),
  })
  const trouble = new Failure('no socket', { advice: 'look who has it' })
  for (const isThere of [true, true, false, true]) {
    complaints.begin()
    if (isThere) for (let times = 0; times < 2; times++) complaints.say('eno1', trouble)
  }
  const sentence = { link: 'eno1', advice: 'look who has it', sentence: 'no socket' }
  t.same(said, [
    { level: 'warn', ...sentence },
    { level: 'warn', ...sentence },
  ])
  t.end()
})
