import t from 'tap'
import { installerSubtype } from '../../common/contract.ts'
import { addressesSettled, bootInstaller, hear, makeLab, skipWithout } from './lab.ts'
import type { Heard } from './wire.ts'

const skip = skipWithout('ip', 'ping', 'ssh-keygen')
const request = { link: 'in0', family: 'IPv6' as const, queries: true }

/** The questions to the group that the installer hears until a find with these words is over. */
async function questions(t: Parameters<typeof makeLab>[0], ...words: string[]) {
  const lab = await makeLab(t)
  const { namespace } = await bootInstaller(t, lab, { mac: '52:54:00:12:34:56' })
  await addressesSettled(lab.operator)
  const asked: Heard[] = []
  const names = new Set<string>()
  let json = ''
  const isLast = (heard: Heard) => {
    if (heard.message.questions.some(({ name }) => name === 'the-end.local')) return true
    for (const { name } of heard.message.questions) names.add(name)
    if (heard.message.questions.some(({ name }) => name === installerSubtype)) asked.push(heard)
    return false
  }
  await hear(namespace, request, isLast, async () => {
    json = (await lab.scanner(['find', '--json', ...words])).stdout
    const last = { link: 'op0', family: 'IPv6' as const, questions: [theEnd] }
    await hear(lab.operator, last, () => false).catch(() => {})
  })
  return { asked, names, found: JSON.parse(json) as { installers: { name: string }[] } }
}

const theEnd = { name: 'the-end.local', type: 'AAAA' }

t.test(
  'a link that is named is asked once from each port, though it is asked ahead',
  { skip },
  async (t) => {
    const { asked, found } = await questions(t, '-i', 'op0')
    const ports = asked.filter(({ unicast }) => !unicast).map(({ port }) => port === 5353)
    t.same(ports.sort(), [false, true], 'from any port, and from 5353')
    t.equal(found.installers[0]?.name, 'NixOS')
  },
)

t.test('a name that is not asked for ahead is asked for then', { skip }, async (t) => {
  const { asked, names } = await questions(t, '-i', 'op0', '--timeout', '600ms', 'Cellar')
  t.ok(names.has('Cellar.local'))
  t.ok(asked.length >= 2)
})
