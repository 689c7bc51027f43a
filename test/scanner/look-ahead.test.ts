import t from 'tap'
import { dropFirsts, takeFirst, takeOver } from '../../scanner/look-ahead.ts'
import { fakeFirst } from '../fakes/first-question.ts'

t.test('a question from other addresses than the link has now is given up', (t) => {
  const ask = () => takeOver({ firsts: [fakeFirst()], shown: undefined })
  ask()
  t.equal(takeFirst('lo', ['fe80::1']), undefined)
  ask()
  t.equal(takeFirst('eno1', ['::1']), undefined)
  t.equal(takeFirst('lo', ['::1'])?.link, 'lo')
  t.equal(takeFirst('lo', ['::1']), undefined, 'once')
  ask()
  dropFirsts()
  t.equal(takeFirst('lo', ['::1']), undefined, 'after the search nobody reads the answers')
  t.end()
})
