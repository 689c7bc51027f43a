import t from 'tap'
import { conflictingNames, lostTies, probeDelays, probeMessage } from '../../../agent/mdns/probe.ts'
import { encodeMessage } from '../../../common/encode.ts'
import type { Message, ResourceRecord } from '../../../common/message.ts'
import { fakeMessage } from '../../fakes/message.ts'

const record = (over: object): ResourceRecord =>
  ({ name: 'NixOS.local', type: 'A', ttl: 120, flush: true, ...over }) as ResourceRecord
const lower = record({ data: '169.254.99.200' })
const higher = record({ data: '169.254.200.50' })
const aaaa = record({ type: 'AAAA', data: 'ff::1' })
const chaos = record({ type: 'other', data: { type: 'A', class: 3, bytes: Buffer.of(1) } })
const shared = record({ name: '_ssh._tcp.local', type: 'PTR', flush: false, data: 'x' })
const reverse = record({ name: '200.99.254.169.in-addr.arpa', type: 'PTR', data: 'NixOS.local' })

t.test('three probes 250 ms apart, the first within 250 ms (RFC 6762 section 8.1)', (t) => {
  t.same(
    probeDelays(() => 0.5),
    [125, 250, 250, 250],
  )
  t.end()
})

t.test('a probe is a QU question for ANY, with the claim as authority (8.1, 10.2)', (t) => {
  const bytes = encodeMessage(probeMessage([lower, shared, reverse], ['NixOS.local']))
  const name = '054e69784f53056c6f63616c00'
  t.equal(
    bytes.toString('hex'),
    `000000000001000000010000${name}00ff8001c00c00010001000000780004a9fe63c8`,
    'shared and reverse names are not probed for, and no cache-flush bit is set',
  )
  const one = probeMessage([lower, higher, { ...lower, name: 'x.local' }], ['NixOS.local'])
  t.match([one.questions?.length, one.authorities?.length], [1, 2], 'one question a name')
  t.end()
})

t.test('of two probes at once the lexicographically earlier data loses (section 8.2)', (t) => {
  for (const [what, ours, theirs, loses] of [
    ["the RFC's example: 99.200 is earlier than 200.50", [lower], [higher], true],
    ['and the other way round', [higher], [lower], false],
    ['the same data is no tie to lose', [lower], [lower], false],
    ['names compare without case', [lower], [{ ...higher, name: 'nixos.LOCAL' }], true],
    ['another name does not count', [lower], [{ ...higher, name: 'x.local' }], false],
    [
      'the cache-flush bit and the TTL do not count',
      [lower],
      [{ ...lower, flush: false, ttl: 9 }],
      false,
    ],
    [
      'the type counts before the data',
      [record({ data: '255.0.0.1' })],
      [record({ type: 'AAAA', data: '::1' })],
      true,
    ],
    ['records are sorted first (8.2.1)', [lower, higher], [higher, lower], false],
    ['who runs out of records first loses (8.2.1)', [lower], [lower, higher], true],
    ['who has records left wins (8.2.1)', [lower, higher], [lower], false],
    ['an empty claim wins nothing', [lower], [], false],
    ['the class counts before the type', [aaaa], [chaos], true],
  ] as const)
    t.same(
      lostTies(ours, fakeMessage({ authorities: [...theirs] })),
      loses ? ['NixOS.local'] : [],
      what,
    )
  t.end()
})

t.test('what is in the way of a name, when held and while probing (section 9, 8.1)', (t) => {
  for (const [what, theirs, held, probing] of [
    ['other data of the same type', higher, true, true],
    ['the name in the other case', { ...higher, name: 'nixos.LOCAL' }, true, true],
    ['the same data', lower, false, false],
    [
      'the same data with another TTL and no flush',
      { ...lower, ttl: 9, flush: false },
      false,
      false,
    ],
    ['a goodbye', { ...higher, ttl: 0 }, false, false],
    ['another type', record({ type: 'AAAA', data: '2001:db8::1' }), false, true],
    [
      'an unknown type',
      record({ type: 'other', data: { type: 'HINFO', class: 1, bytes: Buffer.of(0) } }),
      false,
      true,
    ],
    [
      'a negative answer',
      record({ type: 'NSEC', data: { nextDomain: 'x', rrtypes: [] } }),
      false,
      false,
    ],
    ['another class', chaos, false, false],
    ['another name', { ...higher, name: 'x.local' }, false, false],
    ['a shared name', { ...shared, data: 'y' } as ResourceRecord, false, false],
    ['a reverse name', { ...reverse, data: 'x.local' } as ResourceRecord, false, false],
  ] as [string, ResourceRecord, boolean, boolean][]) {
    const ours = [lower, shared, reverse]
    const inTheWay = (isHeld: boolean, over: Partial<Message>) =>
      conflictingNames(ours, fakeMessage(over), () => isHeld).length > 0
    t.equal(inTheWay(true, { answers: [theirs] }), held, `held: ${what}`)
    t.equal(inTheWay(false, { additionals: [theirs] }), probing, `probing: ${what}`)
  }
  t.end()
})
