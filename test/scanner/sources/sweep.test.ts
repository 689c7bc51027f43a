import t from 'tap'
import { DirectQuestions } from '../../../scanner/sources/direct.ts'
import { Patience } from '../../../scanner/sources/patience.ts'
import { hostsOf, sweep } from '../../../scanner/sources/sweep.ts'
import { fakeAddress, fakeLink } from '../../fakes/link.ts'
import { fakeQuerier } from '../../fakes/querier.ts'

const on = (address: string, prefixLength: number) =>
  hostsOf({ addresses: [fakeAddress(address, { prefixLength })] })

t.test('the other hosts of a small IPv4 network, neither its first address nor its last', (t) => {
  t.same(on('192.0.2.2', 30), ['192.0.2.1'])
  t.same(
    on('192.0.2.14', 29),
    ['9', '10', '11', '12', '13'].map((each) => `192.0.2.${each}`),
  )
  const office = on('192.0.2.200', 24)
  t.equal(office.length, 253)
  t.same([office[0], office.at(-1)], ['192.0.2.1', '192.0.2.254'])
  t.notOk(office.includes('192.0.2.200'))
  t.same(on('255.255.255.253', 30), ['255.255.255.254'], 'no sign is lost')
  t.end()
})

t.test('larger networks, those without other hosts, and IPv6 are left alone', (t) => {
  for (const prefixLength of [0, 16, 23, 31, 32]) t.same(on('192.0.2.2', prefixLength), [])
  t.same(on('fe80::1', 64), [])
  t.end()
})

t.test('each of them is asked, whether or not the kernel lets it', async (t) => {
  const { fake, querier } = fakeQuerier()
  const patience = new Patience(new AbortController().signal, 5000)
  const link = fakeLink({
    name: 'nope0',
    addresses: [fakeAddress('192.0.2.2', { prefixLength: 29 })],
  })
  const asker = Promise.resolve(querier)
  const round = {
    link,
    question: { names: ['NixOS'], warn() {} },
    patience,
    querier: asker,
    direct: new DirectQuestions(asker, [], patience, new Set()),
    echoes: { sent: 0, answered: 0 },
  }
  await sweep(round)
  t.same(
    fake.asked,
    ['1', '3', '4', '5', '6'].map((each) => `192.0.2.${each}`),
  )
  fake.refuses = true
  await t.resolves(sweep(round))
  patience.met('')
})
