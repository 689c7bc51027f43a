import t from 'tap'
import { steadyClock } from '../../../scanner/watch/steady-clock.ts'

function clocks() {
  const at = { steady: 1000, day: 1_000_000 }
  const look = steadyClock(
    1000,
    () => at.steady,
    () => at.day,
  )
  const pass = (steadyMs: number, dayMs = steadyMs) => {
    at.steady += steadyMs
    at.day += dayMs
    return look()
  }
  return pass
}

t.test('time that passes is nothing, nor a clock that is being disciplined', (t) => {
  const pass = clocks()
  t.same(pass(1000), { now: 2000, setByMs: 0, woken: false })
  t.same(pass(1000, 1400), { now: 3000, setByMs: 0, woken: false })
  t.same(pass(3000), { now: 6000, setByMs: 0, woken: false })
  t.end()
})

t.test('a sleep of the machine, of the program, and a clock that is set back', (t) => {
  const pass = clocks()
  t.same(pass(1000, 3_600_000), { now: 2000, setByMs: 3_599_000, woken: true })
  t.same(pass(60_000), { now: 62_000, setByMs: 0, woken: true })
  t.same(pass(1000, -3_600_000), { now: 63_000, setByMs: -3_601_000, woken: false })
  t.same(pass(1000), { now: 64_000, setByMs: 0, woken: false }, 'once')
  t.end()
})
