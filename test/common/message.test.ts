import t from 'tap'
import {
  decodeMessage,
  encodeMessage,
  isPlausible,
  type Message,
  packAnswers,
  type ResourceRecord,
  rdataBytes,
  recordKey,
  sameName,
} from '../../common/message.ts'
import { mutated, seededRandom } from '../fakes/hostile.ts'

const nixos = '054e69784f53056c6f63616c00'
const a: ResourceRecord = {
  name: 'NixOS.local',
  type: 'A',
  ttl: 120,
  flush: true,
  data: '192.0.2.7',
}
const common = { name: 'NixOS.local', ttl: 120, flush: true }
const records: ResourceRecord[] = [
  a,
  { ...common, type: 'AAAA', data: 'fe80::47' },
  { ...common, type: 'PTR', flush: false, ttl: 4500, data: 'NixOS._ssh._tcp.local' },
  {
    ...common,
    type: 'SRV',
    data: { priority: 0, weight: 0, port: 22, target: 'NixOS.local' },
  },
  { ...common, type: 'TXT', data: [Buffer.from('txtvers=1'), Buffer.from('host=NixOS')] },
  { ...common, type: 'NSEC', data: { nextDomain: 'NixOS.local', rrtypes: ['A', 'AAAA'] } },
]
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

t.test('a question carries the QU bit in its class (RFC 6762 section 5.4)', (t) => {
  const question = { name: 'NixOS.local', type: 'A', internet: true, unicast: true }
  const second = { ...question, type: 'ANY', unicast: false }
  const bytes = encodeMessage({ questions: [question, second] })
  t.equal(bytes.toString('hex'), `000000000002000000000000${nixos}00018001${nixos}00ff0001`)
  t.same(decodeMessage(bytes).questions, [question, second])
  t.end()
})

t.test('a response is authoritative and its unique records flush caches (18.4, 10.2)', (t) => {
  t.equal(
    encodeMessage({ response: true, answers: [a] }).toString('hex'),
    `000084000000000100000000${nixos}0001800100000078 0004c0000207`.replace(' ', ''),
  )
  t.equal(encodeMessage({ id: 7, truncated: true }).toString('hex'), '000702000000000000000000')
  t.end()
})

t.test('every record comes back from the wire as it went', (t) => {
  const message: Message = {
    id: 0x1234,
    response: true,
    truncated: true,
    questions: [{ name: 'nixos.LOCAL', type: 'UNKNOWN_65', internet: true, unicast: false }],
    answers: records,
    authorities: [a],
    additionals: [{ ...a, ttl: 0, flush: false }],
  }
  t.same(decodeMessage(encodeMessage(message)), message)
  t.end()
})

t.test(
  'classes: IN and ANY are for us, CHAOS is not; an unused type still claims its name',
  (t) => {
    const classOf = (value: string) =>
      decodeMessage(hex(`000000000001000000000000${nixos}0001${value}`)).questions[0]
    t.match(classOf('0001'), { internet: true, unicast: false })
    t.match(classOf('00ff'), { internet: true, unicast: false })
    t.match(classOf('80ff'), { internet: true, unicast: true })
    t.match(classOf('0003'), { internet: false })
    t.match(classOf('8003'), { internet: false })
    const hinfo = hex(`000084000000000100000000${nixos}000d8001000000780004 0178 0179`)
    t.match(decodeMessage(hinfo).answers[0], { name: 'NixOS.local', type: 'other', flush: true })
    t.end()
  },
)

t.test('what is no DNS message is an error', (t) => {
  for (const [what, bytes] of [
    ['empty', ''],
    ['shorter than a header', '0000000000010000000000'],
    ['counts a question that is not there', '000000000001000000000000'],
    ['pointer to itself', '000000000001000000000000 c00c 0001 0001'],
    ['two pointers in a circle', '000000000001000000000000 01 61 c00e c00c 0001 0001'],
    ['pointer forward', '000000000001000000000000 c020 0001 0001'],
    ['label type 01', '000000000001000000000000 4161 00 0001 0001'],
    ['name beyond 255 bytes', `000000000001000000000000 ${`3f${'61'.repeat(63)}`.repeat(4)} 00`],
  ] as const)
    t.throws(() => decodeMessage(hex(bytes)), Error, what)
  const cut = hex(`000084000000000100000000${nixos}0001800100000078 0004c000`)
  t.same(decodeMessage(cut).answers, [], 'an address that is cut off is no record')
  t.end()
})

t.test('an opcode or a response code other than 0 is not for mDNS (RFC 6762 18.3, 18.11)', (t) => {
  for (const flags of ['0800', '2800', '8403', '0005'])
    t.throws(() => decodeMessage(hex(`0000${flags}0000000000000000`)), Error, flags)
  // RFC 6762 section 18.6 to 18.10: RD, RA, Z, AD and CD are ignored.
  t.ok(decodeMessage(hex('000001f00000000000000000')))
  t.end()
})

t.test('2,000 mutated packets each give a message that can be sent, or an error', (t) => {
  const random = seededRandom(6762)
  const whole = encodeMessage({ response: true, answers: records, additionals: records })
  const begin = performance.now()
  let read = 0
  for (let i = 0; i < 2000; i++) {
    const bytes = mutated(whole, random)
    try {
      const { answers, additionals } = decodeMessage(bytes)
      read++
      for (const each of [...answers, ...additionals]) recordKey(each)
    } catch (error) {
      if (!(error instanceof Error)) t.fail(`threw ${error} on ${bytes.toString('hex')}`)
    }
  }
  t.ok(read > 100 && read < 2000, `${read} were readable`)
  t.ok(performance.now() - begin < 10_000)
  t.end()
})

t.test('names compare without ASCII case (RFC 6762 section 16), data of text does not', (t) => {
  t.ok(sameName('NixOS.local', 'nixos.LOCAL'))
  t.notOk(sameName('NixOS.local', 'NixOS.local.lan'))
  const keyOf = (over: object) => recordKey({ ...a, ...over } as ResourceRecord)
  t.equal(keyOf({ name: 'nixos.local', ttl: 0, flush: false }), keyOf({}))
  t.not(keyOf({ data: '192.0.2.8' }), keyOf({}))
  t.equal(keyOf({ type: 'PTR', data: 'X.local' }), keyOf({ type: 'PTR', data: 'x.LOCAL' }))
  const text = (...strings: string[]) => keyOf({ type: 'TXT', data: strings.map(Buffer.from) })
  t.not(text('a=B'), text('a=b'))
  t.end()
})

t.test('data is compared as class, type, raw bytes (RFC 6762 section 8.2)', (t) => {
  t.equal(rdataBytes(a).toString('hex'), '00010001c0000207')
  t.equal(
    rdataBytes({ ...a, name: 'other.local', ttl: 0, flush: false }).toString('hex'),
    '00010001c0000207',
  )
  t.end()
})

t.test('answers are spread over packets within the size, each exactly once (section 17)', (t) => {
  const answers = Array.from({ length: 100 }, (_, i) => ({ ...a, data: `192.0.2.${i}` }))
  const parts = packAnswers({ id: 9, response: true, answers, additionals: records }, 512)
  t.ok(parts.length > 1)
  t.same(
    parts.flatMap((part) => part.answers),
    answers,
  )
  for (const part of parts) {
    t.ok(encodeMessage(part).length <= 512)
    t.match(part, { id: 9, response: true })
  }
  const [only, ...none] = packAnswers({ answers: [a], additionals: records }, 105)
  t.same(none, [])
  t.same(only?.additionals, records.slice(0, 2), 'as many additionals as fit')
  const big = { ...a, type: 'TXT' as const, data: [Buffer.alloc(255), Buffer.alloc(255)] }
  t.same(
    packAnswers({ answers: [a, big, a] }, 300).map((part) => part.answers?.length),
    [1, 1, 1],
    'a record larger than a packet travels alone',
  )
  t.end()
})

t.test(
  'a datagram that cannot hold what its header claims, or is too long, is not decoded',
  (t) => {
    const header = (...counts: number[]) =>
      Buffer.from([0, 7, 0, 0, ...counts.flatMap((n) => [n >> 8, n & 255])])
    const whole = encodeMessage({ response: true, answers: records })
    t.ok(isPlausible(whole))
    t.ok(isPlausible(header(0, 0, 0, 0)))
    t.ok(isPlausible(Buffer.concat([header(1, 0, 0, 0), Buffer.alloc(5)])), 'the root is asked for')
    for (const bytes of [
      header(65_535, 65_535, 65_535, 65_535),
      header(1, 0, 0, 0),
      Buffer.concat([header(0, 0, 0, 1), Buffer.alloc(10)]),
      Buffer.alloc(11),
      Buffer.concat([header(0, 0, 0, 0), Buffer.alloc(8989)]),
    ])
      t.notOk(isPlausible(bytes), `${bytes.length} bytes`)
    t.end()
  },
)
