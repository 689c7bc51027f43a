import t from 'tap'
import {
  type AddressMemory,
  isOwn,
  noMemory,
  planAddress,
} from '../../../agent/addresses/reconcile.ts'
import type { LinkAddress } from '../../../common/links.ts'
import { fakeAddress, fakeLink } from '../../fakes/link.ts'

const own = { address: 'fe80::5054:ff:fe12:3456', deprecated: false }
const static_ = { address: 'fe80::47', deprecated: true }
const marked = { metric: 256 }
const failed = { tentative: true, dadFailed: true }

/** What is decided at second 10 about an address in this state, after this was remembered. */
function decide(
  addresses: LinkAddress[],
  memory: Partial<AddressMemory> = {},
  desired = static_,
  carrierChanges = 1,
) {
  const link = fakeLink({ addresses, carrierChanges })
  return planAddress(
    link,
    desired,
    { ...noMemory, ...memory },
    { now: 10_000, random: () => 0.999 },
  )
}
const held = (over: Partial<LinkAddress> = {}) => [fakeAddress('fe80::47', over)]

t.test('what is missing is added with duplicate address detection (RFC 4862 section 5.4)', (t) => {
  const add = { do: 'add', detect: true }
  t.same(decide([]).action, add)
  t.same(decide([fakeAddress(own.address)]).action, add)
  t.same(decide([], { usable: true, carrierChanges: 3 }).action, add, 'another carrier')
  t.same(decide([], { usable: false, carrierChanges: 1 }).action, add, 'it had not passed yet')
  t.same(
    decide([], { usable: true, carrierChanges: 1 }).action,
    { do: 'add', detect: false },
    'held until just now, and the carrier stayed',
  )
  const { memory } = decide([], { usable: true, carrierChanges: 1 })
  t.equal(memory.missedAt, 10_000)
  const missed = (missedAt: number, carrierChanges = 1) =>
    decide([], { ...memory, missedAt, carrierChanges }).action
  t.same(missed(9_001), { do: 'add', detect: false }, 'it was refused, and now it is not')
  t.same(missed(9_000), add, 'but only if it comes back within a second')
  t.same(missed(9_999, 3), add, 'and the carrier stayed')
  t.end()
})

t.test('what is there is left alone, whoever put it there', (t) => {
  for (const over of [{}, marked, { tentative: true }, { ...marked, tentative: true }])
    t.same(decide(held(over)).action, { do: 'nothing' }, JSON.stringify(over))
  t.end()
})

t.test('after a flap of the carrier our addresses pass detection again, others are left', (t) => {
  const before = { usable: true, carrierChanges: 1 }
  const after = (over: Partial<LinkAddress>) => decide(held(over), before, static_, 3).action
  t.same(after(marked), { do: 'again', own: true })
  t.same(after({}), { do: 'nothing' }, "another program's")
  t.same(after({ ...marked, tentative: true }), { do: 'nothing' }, 'detection goes on by itself')
  const first = decide(held(marked), {}, static_, 3)
  t.same(first.action, { do: 'nothing' }, 'adopted at the first look')
  t.same(decide(held(marked), first.memory, static_, 3).action, { do: 'nothing' })
  t.same(decide(held(marked), first.memory, static_, 5).action, { do: 'again', own: true })
  t.end()
})

t.test('an address that is taken is tried again, with growing delays up to 4 s', (t) => {
  const waits: number[] = []
  let memory: AddressMemory = noMemory
  for (let tries = 0; tries < 5; tries++) {
    const waiting = decide(held({ ...marked, ...failed }), memory)
    t.same(waiting.action, { do: 'nothing' })
    waits.push(Math.round((waiting.memory.retryAt ?? 0) - 10_000))
    const due = { ...waiting.memory, retryAt: 10_000 }
    const trying = decide(held({ ...marked, ...failed }), due)
    t.same(trying.action, { do: 'again', own: true })
    t.equal(trying.memory.retryAt, undefined)
    memory = decide(held({ ...marked, tentative: true }), trying.memory).memory
  }
  t.same(waits, [1000, 1999, 3998, 3998, 3998])
  const taken = decide(held(marked), memory).memory
  t.match(taken, { usable: true, duplicate: false, failures: 0, retryAt: undefined })
  t.end()
})

t.test("fe80::47 of another program is not tried again, the card's own address is", (t) => {
  const before = { retryAt: 1 }
  t.same(decide(held(failed), before).action, { do: 'nothing' })
  t.equal(decide(held(failed), before).memory.retryAt, undefined, 'no timer either')
  t.same(decide([fakeAddress(own.address, failed)], before, own).action, {
    do: 'again',
    own: false,
  })
  t.end()
})

t.test('ours is what has our mark; without marks, what we remember', (t) => {
  t.equal(isOwn(fakeAddress('fe80::47', marked), noMemory), true)
  t.equal(isOwn(fakeAddress('fe80::47'), noMemory), false)
  t.equal(isOwn(fakeAddress('fe80::47', { metric: 1024 }), noMemory), false)
  t.equal(isOwn(fakeAddress('fe80::47', { ...marked, prefixLength: 128 }), noMemory), false)
  const remembered = { ...noMemory, added: true }
  t.equal(isOwn(fakeAddress('fe80::47'), remembered), true)
  // Once the mark was seen, an address without it has been added by somebody else since.
  const seen = decide(held(marked), remembered).memory
  t.equal(isOwn(fakeAddress('fe80::47'), seen), false)
  t.equal(decide(held(), remembered).memory.added, true)
  t.equal(decide([], remembered).memory.added, false, 'gone, whoever adds it next')
  t.end()
})
