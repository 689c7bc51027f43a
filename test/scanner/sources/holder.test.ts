import t from 'tap'
import { DirectQuestions } from '../../../scanner/sources/direct.ts'
import { holderOf } from '../../../scanner/sources/holder.ts'
import { Patience } from '../../../scanner/sources/patience.ts'
import type { Round } from '../../../scanner/sources/round.ts'
import { fakeAddress, fakeLink } from '../../fakes/link.ts'

function round(addresses: string[]): Round {
  const patience = new Patience(new AbortController().signal, 0)
  const querier = Promise.resolve(undefined)
  return {
    // A name that no interface has: nobody is asked.
    link: fakeLink({ name: 'nope0', addresses: addresses.map((each) => fakeAddress(each)) }),
    question: { names: [], warn() {} },
    patience,
    querier,
    direct: new DirectQuestions(querier, [], patience, new Set()),
    echoes: { sent: 0, answered: 0 },
  }
}

t.test('where our own machine has the static address nobody else is looked for', async (t) => {
  t.equal(await holderOf(round(['fe80::1', 'fe80::47'])), undefined)
})

t.test('who cannot be reached does not hold it', async (t) => {
  t.equal(await holderOf(round(['fe80::1'])), undefined)
})

t.test('it is looked for once a round, whichever source wants to know', async (t) => {
  const one = round(['fe80::1'])
  t.equal(holderOf(one), holderOf(one))
  t.not(holderOf(one), holderOf(round(['fe80::1'])))
})
