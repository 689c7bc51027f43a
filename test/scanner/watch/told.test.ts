import t from 'tap'
import { Told } from '../../../scanner/watch/told.ts'
import { fakeMachine } from '../../fakes/machine.ts'

const silent = { reachable: false, banner: null, hostKeys: [] }

t.test('each is told of once, when it is complete; the rest at the end', (t) => {
  const told = new Told((machine) => machine.ssh.reachable)
  const a = fakeMachine({ id: 'a', links: [], ssh: silent })
  const b = fakeMachine({ id: 'b', links: [] })
  const ids = (events: ReturnType<Told['rest']>) =>
    events.map(({ event, machine }) => `${event} ${machine.id}`)
  t.same(ids(told.soFar([a, b])), ['found b'])
  t.same(ids(told.soFar([a, b])), [])
  const named = { ...b, name: 'other' }
  t.same(ids(told.soFar([a, named])), [], 'what changes is told of at the end')
  t.same(ids(told.rest([a, named])), ['found a', 'changed b'])
  t.same(ids(told.rest([a])), ['found a', 'lost b'], 'it was somebody else all the time')
  t.end()
})
