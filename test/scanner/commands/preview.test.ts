import { createSocket } from 'node:dgram'
import t from 'tap'
import { installerSubtype, mdnsPort, sshService } from '../../../common/contract.ts'
import { encodeMessage } from '../../../common/encode.ts'
import type { ResourceRecord } from '../../../common/message.ts'
import { preview } from '../../../scanner/commands/preview.ts'
import { dropFirsts, takeFirst, takeOver } from '../../../scanner/look-ahead.ts'
import type { SearchOptions } from '../../../scanner/search.ts'

const options: SearchOptions = {
  name: undefined,
  interfaces: [],
  sources: [],
  timeoutMs: 4000,
  all: false,
}
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

/** A first question on a link that every machine has, to which these have come. */
function caught(...packets: { bytes: Buffer; address: string; port?: number }[]) {
  const heard = packets.map(
    ({ bytes, address, port = mdnsPort }) =>
      [bytes, { address, port, family: 'IPv6', size: bytes.length }] as [
        Buffer,
        { address: string; port: number; family: 'IPv6'; size: number },
      ],
  )
  const socket = createSocket('udp6')
  const value = { socket, family: 'IPv6' as const, local: undefined, heard, release: () => {} }
  const askers = [{ status: 'fulfilled' as const, value }]
  const first = {
    link: 'lo',
    own: ['::1'],
    id: 1,
    questions: [],
    askedAt: 0,
    askers,
    listeners: [],
  }
  takeOver({ firsts: [first], shown: undefined })
}

const answer = (label: string, address: string) =>
  encodeMessage({ response: true, answers: records(label, address) })

t.afterEach(() => void takeFirst('lo', []))

t.test('who has answered is shown, by what a search would make of it', async (t) => {
  caught({ bytes: answer('NixOS', 'fe80::5054:ff:fe12:3456'), address: 'fe80::5054:ff:fe12:3456' })
  const [machine, ...others] = await preview(options)
  t.match(machine, {
    name: 'NixOS',
    target: 'fe80::5054:ff:fe12:3456%lo',
    id: '525400fffe123456',
    installer: true,
  })
  t.same(others, [])
  t.same(await preview({ ...options, name: 'somebody' }), [])
})

t.test('what is no answer from the link is not shown, whatever it says', async (t) => {
  const good = answer('NixOS', 'fe80::1')
  caught(
    { bytes: good, address: 'fe80::1', port: 4000 },
    { bytes: good, address: '2001:db8::1' },
    { bytes: encodeMessage({ answers: records('NixOS', 'fe80::1') }), address: 'fe80::1' },
    { bytes: good.subarray(0, 40), address: 'fe80::1' },
    { bytes: Buffer.alloc(0), address: 'fe80::1' },
    { bytes: answer('NixOS', '2001:db8::1'), address: 'fe80::1' },
  )
  t.same(await preview(options), [])
})

t.test('a question from other addresses than the link has now is given up', (t) => {
  caught()
  t.equal(takeFirst('lo', ['fe80::1']), undefined)
  caught()
  t.equal(takeFirst('eno1', ['::1']), undefined)
  t.equal(takeFirst('lo', ['::1'])?.link, 'lo')
  t.equal(takeFirst('lo', ['::1']), undefined, 'once')
  caught()
  dropFirsts()
  t.equal(takeFirst('lo', ['::1']), undefined, 'after the search nobody reads the answers')
  t.end()
})
