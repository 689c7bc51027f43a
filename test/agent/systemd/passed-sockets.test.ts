import t from 'tap'
import { passedSockets } from '../../../agent/systemd/passed-sockets.ts'

const environment = {
  LISTEN_PID: '7',
  LISTEN_FDS: '2',
  LISTEN_FDNAMES: 'notify:journal',
  HOME: '/',
}

t.test('sockets have the names of the unit, from descriptor 3 on', (t) => {
  const own = { ...environment }
  const sockets = passedSockets(own, 7)
  t.same(
    [...sockets],
    [
      ['notify', 3],
      ['journal', 4],
    ],
  )
  t.same(own, { HOME: '/' }, 'children do not take them for theirs')
  t.end()
})

t.test('those of another process are none of ours, and nobody may have passed any', (t) => {
  t.equal(passedSockets({ ...environment }, 8).size, 0)
  t.equal(passedSockets({}, 7).size, 0)
  t.equal(passedSockets({ LISTEN_PID: '7', LISTEN_FDS: '1' }, 7).has('notify'), false)
  t.end()
})
