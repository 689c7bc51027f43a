import t from 'tap'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'

t.test('a failure carries status 1 unless it is told another, its advice and its cause', (t) => {
  const cause = new Error('because')
  const plain = new Failure('it broke')
  t.match(plain, { message: 'it broke', name: 'Failure', exitStatus: 1, advice: undefined })
  t.match(new Failure('none', { exitStatus: 3, advice: 'wait', cause }), {
    exitStatus: 3,
    advice: 'wait',
    cause,
  })
  t.end()
})

t.test('the code and the message of whatever was thrown', (t) => {
  t.equal(errorCode(Object.assign(new Error('no'), { code: 'ENOENT' })), 'ENOENT')
  t.equal(errorCode(Object.assign(new Error('no'), { code: 2 })), undefined)
  t.equal(errorCode({ code: 'ENOENT' }), undefined)
  t.equal(errorCode(null), undefined)
  t.equal(errorMessage(new Error('no')), 'no')
  t.equal(errorMessage('just text'), 'just text')
  t.equal(errorMessage(undefined), 'undefined')
  t.end()
})
