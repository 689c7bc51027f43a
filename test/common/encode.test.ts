import t from 'tap'
import { decodeMessage } from '../../common/decode.ts'
import { comparedBytes, encodeMessage } from '../../common/encode.ts'
import type { Message, ResourceRecord } from '../../common/message.ts'
import { a, nixos, records } from '../fakes/records.ts'

t.test('a question carries the QU bit in its class (RFC 6762 section 5.4)', (t) => {
  const question = { name: 'NixOS.local', type: 'A', internet: true, unicast: true }
  const second = { ...question, type: 'ANY', unicast: false }
  const bytes = encodeMessage({ questions: [question, second] })
  t.equal(bytes.toString('hex'), `000000000002000000000000${nixos}00018001c00c00ff0001`)
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

t.test('names are compressed wherever they can be (RFC 6762 section 18.14)', (t) => {
  const ptr: ResourceRecord = {
    name: '_ssh._tcp.local',
    type: 'PTR',
    ttl: 4500,
    flush: false,
    data: 'NixOS._ssh._tcp.local',
  }
  const target = { priority: 0, weight: 0, port: 22, target: 'NixOS.local' }
  const srv: ResourceRecord = { ...ptr, name: ptr.data, type: 'SRV', data: target }
  const message = { response: true, answers: [ptr, srv] }
  const type = '045f737368045f746370056c6f63616c00'
  t.equal(
    encodeMessage(message).toString('hex'),
    `000084000000000200000000${type}000c00010000119400 08 054e69784f53c00c`.replaceAll(' ', '') +
      'c027 00210001 00001194 000e 000000000016 054e69784f53c016'.replaceAll(' ', ''),
  )
  const question = { name: 'NixOS._ssh._tcp.local', type: 'SRV', internet: true, unicast: false }
  const plain = encodeMessage({ ...message, questions: [question], answers: [srv] })
  t.ok(plain.toString('hex').endsWith('054e69784f53056c6f63616c00'), 'RFC 2782: not in SRV')
  t.end()
})

t.test('a name that has no form on the wire is an error of ours', (t) => {
  for (const name of ['a'.repeat(64), Array(65).fill('abc').join('.')])
    t.throws(() => encodeMessage({ answers: [{ ...a, name }] }), TypeError)
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

t.test('data is compared as class, type, raw bytes (RFC 6762 section 8.2)', (t) => {
  t.equal(comparedBytes(a).toString('hex'), '00010001c0000207')
  t.equal(
    comparedBytes({ ...a, name: 'other.local', ttl: 0, flush: false }).toString('hex'),
    '00010001c0000207',
  )
  t.end()
})
