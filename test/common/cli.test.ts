import t from 'tap'
import { describeError } from '../../common/cli.ts'
import { Failure } from '../../common/failure.ts'

t.test('a failure is told in two lines: what, and below it what to do', (t) => {
  t.equal(
    describeError('scanner', new Failure('no installer found', { advice: 'is the cable in?' })),
    'scanner: no installer found\n         is the cable in?\n',
  )
  t.equal(describeError('scanner', new Failure('gone')), 'scanner: gone\n')
  t.end()
})

t.test('any other error is a fault of ours; its stack is shown only with DEBUG', (t) => {
  const before = process.env.DEBUG
  t.teardown(() => {
    if (before === undefined) delete process.env.DEBUG
    else process.env.DEBUG = before
  })
  delete process.env.DEBUG
  const expected = 'scanner: unexpected error: x is undefined\n'
  const hint = '  this is a fault of ours; DEBUG=1 shows where\n'
  t.equal(describeError('scanner', new TypeError('x is undefined')), expected + hint)
  t.equal(describeError('scanner', 'x is undefined'), expected + hint)
  process.env.DEBUG = '1'
  t.match(describeError('scanner', new TypeError('x is undefined')), /\n {4}at .*cli\.test/)
  t.end()
})
