import t from 'tap'
import { decodeMessage, isPlausible } from '../../common/decode.ts'
import { encodeMessage } from '../../common/encode.ts'
import { recordKey } from '../../common/message.ts'
import { mutated, seededRandom } from '../fakes/hostile.ts'
import { nixos, records } from '../fakes/records.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

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
    const chaos = hex(`000084000000000100000000${nixos}0001000300000078 0004 c0000207`)
    t.match(decodeMessage(chaos).answers[0], {
      type: 'other',
      data: { type: 'A', class: 3, bytes: hex('c0000207') },
    })
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

t.test('a name that is no UTF-8 is no name (RFC 6762 section 16)', (t) => {
  const one = '01ff056c6f63616c00'
  t.same(decodeMessage(hex(`000000000001000000000000${one}00010001`)).questions, [])
  const mixed = `000084000000000200000000${one}0001000100000078 0004 c0000207 ${nixos}000c0001000000780009${one}`
  t.same(decodeMessage(hex(mixed)).answers, [])
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
