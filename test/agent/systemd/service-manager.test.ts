import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { serviceManager } from '../../../agent/systemd/service-manager.ts'

function setUp() {
  const said: string[] = []
  const say = (_: object, sentence: string) => said.push(sentence)
  return { said, log: { error: say, warn: say, info: say, debug: say } }
}

t.test('it is told what is served when that changes, and of the end', (t) => {
  const { said, log } = setUp()
  const path = join(t.testdir(), 'notify')
  const manager = serviceManager(openSync(path, 'w'), log)
  manager.serves([])
  manager.serves([])
  manager.serves(['eno1', 'wlan0'])
  manager.stops()
  const messages = [
    'READY=1\nSTATUS=waits for a link with a carrier',
    'READY=1\nSTATUS=serves eno1, wlan0',
    'STOPPING=1',
  ]
  t.equal(readFileSync(path, 'utf8'), messages.join(''))
  t.same(said, [])
  t.end()
})

t.test('a socket that takes nothing is complained of, and no more', (t) => {
  const { said, log } = setUp()
  const path = join(t.testdir({ notify: '' }), 'notify')
  serviceManager(openSync(path, 'r'), log).serves([])
  t.same(said, ['could not tell systemd how we are'])
  t.end()
})

t.test('without a socket nobody is told; who waits for it is a mistake in the unit', (t) => {
  const { said, log } = setUp()
  serviceManager(undefined, log, {}).serves(['eno1'])
  t.same(said, [])
  serviceManager(undefined, log, { NOTIFY_SOCKET: '/run/systemd/notify' }).stops()
  t.same(said, ['systemd waits to be told that we are ready'])
  t.end()
})
