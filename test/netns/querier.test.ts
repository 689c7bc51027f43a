import t from 'tap'
import { installerSubtype } from '../../common/contract.ts'
import { addressesSettled, bootInstaller, hear, makeLab, skipWithout } from './lab.ts'
import { startLive } from './live.ts'
import type { Heard } from './wire.ts'

const skip = skipWithout('ip', 'ping', 'ssh-keygen')

/** Asked from port 5353, as whoever goes on listening asks (RFC 6762 section 5.2). */
const isStanding = ({ port, message }: Heard) =>
  port === 5353 &&
  !message.response &&
  message.questions.some(({ name, type }) => name === installerSubtype && type === 'PTR')

t.test('a watch asks ever more seldom, and says what it knows', { skip }, async (t) => {
  const lab = await makeLab(t)
  const { namespace } = await bootInstaller(t, lab, { mac: '52:54:00:12:34:56' })
  await addressesSettled(lab.operator)
  const asked: { at: number; heard: Heard }[] = []
  const request = { link: 'in0', family: 'IPv6' as const, queries: true }
  const enough = (heard: Heard) => {
    if (isStanding(heard)) asked.push({ at: performance.now(), heard })
    return asked.length === 5
  }
  const listening = hear(namespace, request, enough, async () => {
    startLive(t, lab, ['find', '--watch', '--ndjson'])
  })
  await listening
  const gaps = asked.slice(1).map(({ at }, n) => Math.round(at - (asked[n]?.at ?? 0)))
  t.comment(`milliseconds between questions: ${gaps.join(', ')}`)
  // A second, then twice as long each time (RFC 6762 section 5.2); one may be heard late on a busy machine.
  for (const [n, gap] of gaps.entries()) t.ok(gap > 750 * 2 ** n, `${gap} ms after ${n + 1}`)
  for (const { heard } of asked) t.notOk(heard.message.questions.some(({ unicast }) => unicast))
  // At the second the installer may still have to keep silent: it has just announced itself (6).
  t.same(asked[0]?.heard.message.answers, [], 'nothing is known at first')
  for (const { heard } of asked.slice(2))
    t.ok(
      heard.message.answers.some(({ name, ttl }) => name === installerSubtype && ttl > 4000),
      'known answers (7.1)',
    )
})
