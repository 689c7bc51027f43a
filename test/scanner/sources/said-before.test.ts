import t from 'tap'
import type { Message } from '../../../common/message.ts'
import { mdns } from '../../../scanner/sources/mdns.ts'
import { Knowledge, Querier } from '../../../scanner/sources/querier.ts'
import { SaidBefore } from '../../../scanner/sources/said-before.ts'
import { fakeDoor } from '../../fakes/door.ts'
import { fakeAddress, fakeLink } from '../../fakes/link.ts'

const record = { name: 'NixOS.local', ttl: 120, flush: true, type: 'AAAA' as const }
const of = (data: string, ttl = 120): Partial<Message> => ({
  response: true,
  answers: [{ ...record, data, ttl }],
})

t.test('the same from the same sender is new once, whichever way it comes', (t) => {
  const [asker, group] = [fakeDoor(), fakeDoor()]
  const link = fakeLink({ addresses: [fakeAddress('fe80::1')] })
  const querier = new Querier(link, [asker], [group], [], new Knowledge())
  const before = new SaidBefore()
  const fresh: boolean[] = []
  querier.onAnswer((answer) => fresh.push(before.isNew(answer)))
  asker.arrive(of('fe80::9', 10), 'fe80::9')
  group.arrive(of('fe80::9'), 'fe80::9')
  group.arrive(of('fe80::9'), 'fe80::8')
  group.arrive(of('fe80::a'), 'fe80::9')
  group.arrive(of('fe80::9', 0), 'fe80::9')
  group.arrive(of('fe80::9', 0), 'fe80::9')
  t.same(fresh, [true, false, true, true, true, false], 'another sender, address, and a goodbye')
  t.end()
})

t.test('a source tells of it once', async (t) => {
  const door = fakeDoor()
  const link = fakeLink({ addresses: [fakeAddress('fe80::1')] })
  const over = new AbortController()
  const round = {
    link,
    question: { names: ['NixOS'], warn: () => {} },
    querier: Promise.resolve(new Querier(link, [door], [], [], new Knowledge())),
    patience: { signal: over.signal },
  }
  const seen = mdns(round as unknown as Parameters<typeof mdns>[0])[Symbol.asyncIterator]()
  const first = seen.next()
  await new Promise(setImmediate)
  door.arrive(of('fe80::9'), 'fe80::9')
  door.arrive(of('fe80::9'), 'fe80::9')
  t.match(await first, { value: { source: 'mdns', addresses: ['fe80::9'], name: 'NixOS' } })
  over.abort()
  t.match(await seen.next(), { done: true })
})
