import t from 'tap'
import { conflicts, losesTie, probeDelays, probeMessage } from '../../agent/probe.ts'
import { encodeMessage, type Message, type ResourceRecord } from '../../common/message.ts'

const record = (over: object): ResourceRecord =>
  ({ name: 'NixOS.local', type: 'A', ttl: 120, flush: true, ...over }) as ResourceRecord
const message = (over: Partial<Message>): Message => ({
  id: 0,
  response: false,
  truncated: false,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
  ...over,
})
const lower = record({ data: '169.254.99.200' })
const higher = record({ data: '169.254.200.50' })
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
  const bytes = encodeMessage(probeMessage([lower, shared, reverse]))
  const name = '054e69784f53056c6f63616c00'
  t.equal(
    bytes.toString('hex'),
    `000000000001000000010000${name}00ff8001${name}00010001000000780004a9fe63c8`,
    'shared and reverse names are not probed for, and no cache-flush bit is set',
  )
  t.equal(probeMessage([lower, higher]).questions?.length, 1, 'one question a name')
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
  ] as const)
    t.equal(losesTie(ours, message({ authorities: [...theirs] })), loses, what)
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
    ['an unknown type', record({ type: 'other', data: { type: 'HINFO' } }), false, true],
    [
      'a negative answer',
      record({ type: 'NSEC', data: { nextDomain: 'x', rrtypes: [] } }),
      false,
      false,
    ],
    ['another name', { ...higher, name: 'x.local' }, false, false],
    ['a shared name', { ...shared, data: 'y' } as ResourceRecord, false, false],
    ['a reverse name', { ...reverse, data: 'x.local' } as ResourceRecord, false, false],
  ] as [string, ResourceRecord, boolean, boolean][]) {
    const ours = [lower, shared, reverse]
    t.equal(conflicts(ours, message({ answers: [theirs] }), false), held, `held: ${what}`)
    t.equal(conflicts(ours, message({ additionals: [theirs] }), true), probing, `probing: ${what}`)
  }
  t.end()
})
