import t from 'tap'
import { installerSubtype, sshService } from '../../../common/contract.ts'
import type { ResourceRecord } from '../../../common/message.ts'
import { type Answer, Knowledge, Querier } from '../../../scanner/sources/querier.ts'
import { serviceQuestions } from '../../../scanner/sources/questions.ts'
import { type FakeDoor, fakeDoor } from '../../fakes/door.ts'
import { fakeAddress, fakeLink } from '../../fakes/link.ts'

const own = 'fe80::1'
const link = fakeLink({
  addresses: [fakeAddress(own), fakeAddress('192.0.2.1', { prefixLength: 24 })],
})
const pointer = (data: string, ttl = 10): ResourceRecord => {
  return { name: sshService, type: 'PTR', ttl, flush: false, data }
}
const answer = (...answers: ResourceRecord[]) => ({ response: true, answers })
const questions = serviceQuestions()

function open() {
  const doors = {
    asker: fakeDoor(),
    listener: fakeDoor(),
    direct: fakeDoor(),
    direct4: fakeDoor('IPv4'),
  }
  const { asker, listener, direct, direct4 } = doors
  return {
    ...doors,
    querier: new Querier(link, [asker], [listener], [direct, direct4], new Knowledge()),
  }
}
const idOf = ({ sent }: FakeDoor) => sent.at(-1)?.message.id ?? 0
const asked = ({ sent }: FakeDoor) => sent.flatMap(({ message }) => message.questions ?? [])
const known = ({ sent }: FakeDoor) => sent.flatMap(({ message }) => message.answers ?? [])

t.test(
  'the group is asked from an ephemeral port first, then from 5353 with what is known',
  async (t) => {
    const { querier, asker, listener } = open()
    await querier.ask(questions, false)
    t.same([asked(asker).length, asked(listener).length], [2, 0])
    t.not(idOf(asker), 0)
    t.ok(querier.askedGroup)
    asker.arrive(answer(pointer('a'), pointer('b')), 'fe80::9')
    asker.arrive(answer(pointer('b', 0)), 'fe80::9')
    await querier.ask(questions, false)
    t.same([asked(asker).length, asked(listener).length], [2, 2])
    t.equal(idOf(listener), 0, 'RFC 6762 section 18.1')
    const [first, ...others] = known(listener)
    t.match(first, { data: 'a', type: 'PTR' })
    t.ok((first?.ttl ?? 0) > 4400, 'not the ten seconds of a one-shot answer (6.7)')
    t.same(others, [], 'who said goodbye is not known')
  },
)

t.test('a one-shot question that nobody has answered is put again where somebody is', async (t) => {
  const { querier, asker, listener } = open()
  await querier.ask(questions, true)
  await querier.ask(questions, true)
  t.equal(asked(asker).length, 2, 'nobody is there')
  listener.arrive(answer(pointer('a')), 'fe80::9')
  await querier.ask(questions, true)
  t.equal(asked(asker).length, 4)
  asker.arrive(answer(pointer('a')), 'fe80::9')
  await querier.ask(questions, true)
  t.equal(asked(asker).length, 4)
})

t.test('what another host has just asked is not asked again (RFC 6762 section 7.3)', async (t) => {
  const { querier, listener } = open()
  await querier.ask(questions, false)
  const [first, second] = questions
  if (!first || !second) throw new Error('expected two questions')
  listener.arrive({ questions: [first] }, 'fe80::9')
  for (const message of [
    { questions: [{ ...second, unicast: true }] },
    { questions: [second], answers: [pointer('known to it')] },
    { questions: [second], truncated: true },
  ])
    listener.arrive(message, 'fe80::9')
  listener.arrive({ questions: [second] }, own)
  await querier.ask(questions, false)
  t.same(
    asked(listener).map(({ name }) => name),
    [second.name],
  )
})

t.test('answers count that come from port 5353 and from the link', (t) => {
  const { querier, asker, direct, direct4 } = open()
  const heard: Answer[] = []
  const stop = querier.onAnswer((each) => heard.push(each))
  asker.arrive(answer(pointer('a')), 'fe80::9')
  direct.arrive(answer(pointer('a')), 'fe80::9')
  direct4.arrive(answer(pointer('a')), '192.0.2.9')
  asker.arrive(answer(pointer('a')), 'fe80::9', 40_000)
  direct4.arrive(answer(pointer('a')), '198.51.100.9')
  asker.arrive({ questions }, 'fe80::9')
  t.same(
    heard.map((each) => [each.door, each.address]),
    [
      [asker, 'fe80::9'],
      [direct, 'fe80::9'],
      [direct4, '192.0.2.9'],
    ],
  )
  t.match(querier.heard, { fromGroup: 1, direct: 2 })
  stop()
  asker.arrive(answer(pointer('a')), 'fe80::9')
  t.equal(heard.length, 3)
  t.end()
})

t.test('our own question is known again when it comes back from the group', async (t) => {
  const { querier, asker, listener } = open()
  await querier.ask(questions, false)
  listener.arrive({ id: idOf(asker), questions }, 'fe80::9')
  listener.arrive({ id: 0, questions }, own)
  t.notOk(querier.heard.ownQuestion, "another's, and another program's")
  listener.arrive({ id: idOf(asker), questions }, own)
  t.ok(querier.heard.ownQuestion)
})

t.test('one machine is asked directly through the socket of its family', async (t) => {
  const { querier, direct, direct4, asker } = open()
  await querier.askDirectly('fe80::9', ['NixOS'])
  await querier.askDirectly('192.0.2.9', ['NixOS'])
  t.match(direct.sent, [{ to: { address: 'fe80::9', port: 5353 } }])
  t.match(direct4.sent, [{ to: { address: '192.0.2.9', port: 5353 } }])
  t.ok(asked(direct).some(({ name }) => name === installerSubtype))
  t.same(asker.sent, [])
  direct.refuses = true
  await t.rejects(querier.askDirectly('fe80::9', []))
})

t.test('it can be asked as long as one family can', async (t) => {
  const doors = [fakeDoor(), fakeDoor('IPv4')] as const
  const querier = new Querier(link, [...doors], [], [], new Knowledge())
  t.notOk(querier.hearsGroup)
  doors[0].refuses = true
  await querier.ask(questions, false)
  t.equal(asked(doors[1]).length, 2)
  doors[1].refuses = true
  await t.rejects(querier.ask(questions, false), { message: 'ENETUNREACH' })
})

t.test('a flood of questions and records costs a bounded memory', async (t) => {
  const { querier, asker, listener } = open()
  await querier.ask(questions, false)
  const [first] = questions
  const before = process.memoryUsage().heapUsed
  const text = 'x'.repeat(200)
  for (let n = 0; n < 100_000; n++) {
    if (first) listener.arrive({ questions: [{ ...first, name: `${text}${n}.local` }] }, 'fe80::9')
    asker.arrive(answer({ ...pointer('a'), name: `${text}${n}.local` }), 'fe80::9')
  }
  const grown = (process.memoryUsage().heapUsed - before) / 1e6
  t.ok(grown < 60, `${Math.round(grown)} MB`)
})

t.test('closing closes every socket, and nobody hears any more', (t) => {
  const { querier, ...doors } = open()
  let heard = 0
  querier.onAnswer(() => heard++)
  querier.close()
  for (const door of Object.values(doors)) t.ok(door.closed)
  doors.asker.arrive(answer(pointer('a')), 'fe80::9')
  t.equal(heard, 0)
  t.end()
})
