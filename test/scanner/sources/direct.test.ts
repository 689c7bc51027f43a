import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { DirectQuestions } from '../../../scanner/sources/direct.ts'
import { Patience } from '../../../scanner/sources/patience.ts'
import { fakeQuerier } from '../../fakes/querier.ts'

/** A round that lasts until all who are asked have had their time. */
function round(answered = new Set<string>()) {
  const { fake, querier } = fakeQuerier()
  const controller = new AbortController()
  const patience = new Patience(controller.signal, 0)
  const direct = new DirectQuestions(Promise.resolve(querier), ['NixOS'], patience, answered)
  const over = () =>
    new Promise<void>((resolve) => {
      if (patience.signal.aborted) resolve()
      patience.signal.addEventListener('abort', () => resolve())
    })
  return { fake, direct, patience, over, controller }
}

t.test('each machine is asked once, an installer again until it answers', async (t) => {
  const { fake, direct, over } = round()
  for (const address of ['fe80::9', 'fe80::9', 'fe80::8']) direct.greet(address, false)
  direct.greet('fe80::7', true)
  await over()
  t.same(fake.asked.sort(), ['fe80::7', 'fe80::7', 'fe80::7', 'fe80::8', 'fe80::9'])
  t.notOk(direct.lossy, 'whoever never answers says nothing of the link')
})

t.test(
  'whoever has answered is not asked again, and an answer to the second question is a loss',
  async (t) => {
    const first = round()
    first.direct.greet('fe80::7', true)
    await wait(20)
    first.fake.answer('fe80::7')
    await first.over()
    t.same(first.fake.asked, ['fe80::7'])
    t.notOk(first.direct.lossy)
    const second = round()
    second.direct.greet('fe80::7', true)
    for (let turns = 0; second.fake.asked.length < 2 && turns < 500; turns++) await wait(5)
    second.fake.answer('fe80::7')
    await second.over()
    t.equal(second.fake.asked.length, 2)
    t.ok(second.direct.lossy)
  },
)

t.test('how long an answer takes is known of those that came to a direct question', async (t) => {
  const { fake, direct, over } = round()
  for (const address of ['fe80::7', 'fe80::8']) direct.greet(address, true)
  await wait(30)
  fake.answer('fe80::7', 'group')
  t.equal(direct.slowestMs, undefined, 'that may have waited for others')
  fake.answer('fe80::8')
  t.ok(Number(direct.slowestMs) >= 25, `${direct.slowestMs} ms`)
  await over()
})

t.test('neither we ourselves nor who has answered in an earlier round is asked', async (t) => {
  const { fake, direct, over } = round(new Set(['fe80::9']))
  direct.greet('fe80::1', false)
  direct.greet('fe80::9', true)
  await over()
  t.same(fake.asked, [])
})

t.test('where answers to the group come in, each gets time to send its own first', async (t) => {
  const { fake, direct, over } = round()
  fake.heard.fromGroup = 1
  direct.greet('fe80::9', false)
  direct.greet('fe80::8', false)
  await wait(5)
  fake.answer('fe80::9')
  await over()
  t.same(fake.asked, ['fe80::8'])
})

t.test('a question that the kernel does not send is a loss, but to fe80::47', async (t) => {
  for (const [address, lossy] of [
    ['fe80::9', true],
    ['fe80::47', false],
  ] as const) {
    const { fake, direct, over } = round()
    fake.refuses = true
    direct.greet(address, true)
    await over()
    t.equal(direct.lossy, lossy, address)
  }
})

t.test(
  'of one that pretends to be all machines some thousands are known, and a few asked at once',
  async (t) => {
    const { fake, direct, controller } = round()
    for (let n = 0; n < 10_000; n++) direct.greet(`fe80::1:${n.toString(16)}`, false)
    await wait(50)
    controller.abort()
    t.equal(direct.seen, 4096)
    t.ok(fake.asked.length > 0 && fake.asked.length <= 128, `${fake.asked.length}`)
  },
)

t.test('nothing listens after the round, whenever the querier was there', async (t) => {
  const { fake, controller } = round()
  await wait(1)
  t.equal(fake.listening.size, 1)
  controller.abort()
  t.equal(fake.listening.size, 0)
  const late = fakeQuerier()
  const patience = new Patience(AbortSignal.abort(), 0)
  new DirectQuestions(Promise.resolve(late.querier), [], patience, new Set())
  await wait(1)
  t.equal(late.fake.listening.size, 0)
})
