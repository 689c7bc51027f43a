import t from 'tap'
import { installerSubtype, sshService } from '../../common/contract.ts'
import { encodeMessage } from '../../common/encode.ts'
import type { ResourceRecord } from '../../common/message.ts'
import { firstRows, whoAnswered } from '../../scanner/first-rows.ts'
import { fakeFirst } from '../fakes/first-question.ts'

const everybody = { name: undefined, all: false }
const record = { ttl: 120, flush: false }
const records = (label: string, address: string): ResourceRecord[] => [
  { ...record, name: `${label}.local`, type: 'AAAA', data: address },
  { ...record, name: sshService, type: 'PTR', data: `${label}.${sshService}` },
  { ...record, name: installerSubtype, type: 'PTR', data: `${label}.${sshService}` },
  {
    ...record,
    name: `${label}.${sshService}`,
    type: 'SRV',
    data: { priority: 0, weight: 0, port: 22, target: `${label}.local` },
  },
]

const answer = (label: string, address: string) =>
  encodeMessage({ response: true, answers: records(label, address) })

t.test('who has answered is shown, by what a search would make of it', (t) => {
  const address = 'fe80::5054:ff:fe12:3456'
  const first = fakeFirst({ bytes: answer('NixOS', address), address })
  const [machine, ...others] = whoAnswered([first], everybody)
  t.match(machine, {
    name: 'NixOS',
    target: 'fe80::5054:ff:fe12:3456%lo',
    id: '525400fffe123456',
    installer: true,
  })
  t.same(others, [])
  t.same(whoAnswered([first], { ...everybody, name: 'somebody' }), [])
  t.end()
})

t.test('what is no answer from the link is not shown, whatever it says', (t) => {
  const good = answer('NixOS', 'fe80::1')
  const first = fakeFirst(
    { bytes: good, address: 'fe80::1', port: 4000 },
    { bytes: good, address: '2001:db8::1' },
    { bytes: encodeMessage({ answers: records('NixOS', 'fe80::1') }), address: 'fe80::1' },
    { bytes: good.subarray(0, 40), address: 'fe80::1' },
    { bytes: Buffer.alloc(0), address: 'fe80::1' },
    { bytes: answer('NixOS', '2001:db8::1'), address: 'fe80::1' },
  )
  t.same(whoAnswered([first], everybody), [])
  t.end()
})

t.test('nothing is shown into a pipe', async (t) => {
  const address = 'fe80::1'
  const first = fakeFirst({ bytes: answer('NixOS', address), address })
  t.equal(await firstRows(['find'], [first]), undefined)
})
