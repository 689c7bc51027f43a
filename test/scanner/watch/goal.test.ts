import t from 'tap'
import type { Machine } from '../../../scanner/machine.ts'
import type { Situation } from '../../../scanner/watch/follow.ts'
import { Waiting } from '../../../scanner/watch/goal.ts'
import { fakeMachine } from '../../fakes/machine.ts'

const asleep = fakeMachine({ ssh: { reachable: false, banner: null, hostKeys: [] } })
const machine = fakeMachine()
const second = fakeMachine({ id: '0000000000000002' })

function situation(machines: Machine[], over: Partial<Situation> = {}): Situation {
  const none = new Set<Machine>()
  return { events: [], machines, fading: none, pending: none, links: ['eno1'], rounds: 1, ...over }
}

t.test('announced: exactly one fits, and one round is over', (t) => {
  const judge = (at: Situation, name = 'NixOS') => new Waiting('announced', name).judge(at)
  t.equal(judge(situation([])), 'not yet')
  t.equal(judge(situation([asleep])), 'reached')
  t.equal(judge(situation([asleep], { rounds: 0 })), 'not yet', 'another may be about to answer')
  t.equal(judge(situation([asleep], { rounds: 0 }), '525400fffe123456'), 'reached')
  t.equal(judge(situation([asleep], { rounds: 0 }), '52:54:00:12:34:56'), 'reached')
  t.equal(judge(situation([asleep], { rounds: 0 }), '3456'), 'not yet')
  t.equal(judge(situation([asleep, second])), 'ambiguous')
  t.equal(judge(situation([asleep], { fading: new Set([asleep]) })), 'not yet')
  t.end()
})

t.test('ssh: its server answers', (t) => {
  const judge = (at: Situation) => new Waiting('ssh', 'NixOS').judge(at)
  t.equal(judge(situation([asleep])), 'not yet')
  t.equal(judge(situation([machine])), 'reached')
  t.equal(judge(situation([machine, second])), 'ambiguous')
  t.end()
})

t.test('gone: at once when it leaves; after two rounds when it never was there', (t) => {
  const never = new Waiting('gone', 'NixOS')
  t.equal(never.judge(situation([], { rounds: 0 })), 'not yet')
  t.equal(never.judge(situation([], { rounds: 1 })), 'not yet')
  t.equal(never.judge(situation([], { rounds: 2 })), 'reached')
  const leaving = new Waiting('gone', 'NixOS')
  t.equal(leaving.judge(situation([machine, second])), 'not yet')
  t.equal(leaving.judge(situation([second])), 'not yet', 'all of them')
  t.equal(leaving.judge(situation([], { rounds: 0 })), 'reached')
  t.end()
})

t.test('gone: who has booted anew was gone in between', (t) => {
  const rebooted = (boot: string) =>
    fakeMachine({ agent: { version: '1', boot, os: null, flake: null } })
  const waiting = new Waiting('gone', 'NixOS')
  t.equal(
    waiting.judge(situation([fakeMachine({ agent: null })])),
    'not yet',
    'nothing told as yet',
  )
  t.equal(waiting.judge(situation([rebooted('11111111')])), 'not yet')
  t.equal(waiting.judge(situation([rebooted('11111111')])), 'not yet')
  t.equal(waiting.judge(situation([rebooted('22222222')])), 'reached')
  t.end()
})
