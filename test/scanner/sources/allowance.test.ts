import t from 'tap'
import { Allowance } from '../../../scanner/sources/allowance.ts'

t.test('whoever floods the link uses up his own allowance, not the others’', (t) => {
  for (const [sightings, ms] of [
    [1, 0],
    [0, 0.2],
  ] as const) {
    const allowance = new Allowance()
    let packets = 0
    for (; allowance.has('fe80::bad') && packets < 10_000; packets++)
      allowance.spend('fe80::bad', sightings, ms)
    t.ok(packets >= 200 && packets < 1000, `${packets} packets`)
    t.ok(allowance.has('fe80::9'))
  }
  t.end()
})

t.test('a machine that answers as machines do does not come near it', (t) => {
  const allowance = new Allowance()
  for (let packet = 0; packet < 20; packet++) allowance.spend('fe80::9', 3, 0.5)
  t.ok(allowance.has('fe80::9'))
  t.end()
})
