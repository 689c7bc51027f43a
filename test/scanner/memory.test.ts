import t from 'tap'
import { Memory } from '../../scanner/memory.ts'
import { fakeAddress, fakeLink } from '../fakes/link.ts'

const silent = () => {}
/** Without an address there is nothing to open. */
const bare = fakeLink({ name: 'nope0' })

t.test('a link keeps its querier from round to round, until it is dropped', async (t) => {
  const memory = new Memory()
  const first = await memory.querier(bare, silent)
  t.ok(first)
  t.equal(await memory.querier(bare, silent), first)
  await memory.drop('nope0')
  t.not(await memory.querier(bare, silent), first)
  memory.close()
})

t.test('what cannot be opened is a warning, and tried anew in the next round', async (t) => {
  const memory = new Memory()
  const gone = fakeLink({ name: 'nope0', addresses: [fakeAddress('fe80::1')] })
  const warnings: string[] = []
  for (let round = 0; round < 2; round++)
    t.equal(await memory.querier(gone, (sentence) => warnings.push(sentence)), undefined)
  t.match(warnings, [/^mdns on nope0: /, /^mdns on nope0: /])
  memory.close()
})

t.test('who has answered is remembered by link', (t) => {
  const memory = new Memory()
  memory.answered('eno1').add('fe80::9')
  t.ok(memory.answered('eno1').has('fe80::9'))
  t.notOk(memory.answered('wlan0').has('fe80::9'))
  t.end()
})
