import t from 'tap'
import { encodeAdvertisement } from '../../../common/advertisement.ts'
import { installerSubtype, sshService } from '../../../common/contract.ts'
import type { Message, Question, ResourceRecord } from '../../../common/message.ts'
import { RecordCache } from '../../../scanner/watch/cache.ts'
import { questionMessages } from '../../../scanner/watch/ear.ts'
import { fakeAdvertisement } from '../../fakes/sighting.ts'

const address = 'fe80::5054:ff:fe00:1'
const instance = (name: string) => `${name}.${sshService}`

/** What an installer of a name announces. */
function announced(name = 'NixOS', addresses = [address]): ResourceRecord[] {
  const host = `${name}.local`
  const shared = { ttl: 4500, flush: false }
  const target = { priority: 0, weight: 0, port: 22, target: host }
  return [
    ...addresses.map((data): ResourceRecord => {
      const type = data.includes(':') ? 'AAAA' : 'A'
      return { name: host, type, ttl: 120, flush: true, data }
    }),
    { name: sshService, type: 'PTR', ...shared, data: instance(name) },
    { name: installerSubtype, type: 'PTR', ...shared, data: instance(name) },
    { name: instance(name), type: 'SRV', ttl: 120, flush: true, data: target },
    {
      name: instance(name),
      type: 'TXT',
      ttl: 4500,
      flush: true,
      data: encodeAdvertisement(fakeAdvertisement(1)),
    },
  ]
}

function message(answers: ResourceRecord[]): Message {
  const empty = { questions: [], authorities: [], additionals: [] }
  return { id: 0, response: true, truncated: false, answers, ...empty }
}

const goodbye = (records: ResourceRecord[]) => message(records.map((each) => ({ ...each, ttl: 0 })))
const ptr: Question = { name: installerSubtype, type: 'PTR', internet: true, unicast: false }

t.test(
  'an announcement tells of a service and of a host, for as long as their records live',
  (t) => {
    const cache = new RecordCache()
    t.same(cache.take(message(announced()), 0), {
      hosts: ['nixos.local'],
      instances: [instance('NixOS').toLowerCase()],
      gone: [],
    })
    const found = cache.service(instance('nixos'), [], 1000)
    t.match(found, {
      lifetimeMs: 119_000,
      sighting: {
        source: 'service',
        name: 'NixOS',
        port: 22,
        installer: true,
        addresses: [address],
        advertisement: { id: fakeAdvertisement(1).id },
      },
    })
    t.match(cache.host('NIXOS.local', ['nixos'], 0), {
      lifetimeMs: 120_000,
      sighting: { source: 'mdns', name: 'NixOS', installer: true },
    })
    t.equal(cache.host('nixos.local', [], 0)?.sighting.installer, false, 'nobody asked for it')
    t.equal(cache.service(instance('nixos'), [], 120_000), undefined)
    t.end()
  },
)

t.test('a goodbye gives up the addresses that no other name has', (t) => {
  const cache = new RecordCache()
  cache.take(message(announced('NixOS', [address, '192.0.2.7'])), 0)
  const unique: ResourceRecord = {
    name: 'nixos-000001.local',
    type: 'AAAA',
    ttl: 120,
    flush: true,
    data: address,
  }
  cache.take(message([unique]), 0)
  const change = cache.take(goodbye(announced('NixOS', [address, '192.0.2.7'])), 1)
  t.same(change?.gone, ['192.0.2.7'], 'a name was given up, not the machine')
  t.equal(cache.service(instance('nixos'), [], 1), undefined)
  t.same(cache.take(goodbye([unique]), 2)?.gone, [address])
  t.end()
})

t.test('a unique set pushes out what it had before, after a second', (t) => {
  const cache = new RecordCache()
  cache.take(message(announced('NixOS', ['192.0.2.7'])), 0)
  cache.take(message(announced('NixOS', ['192.0.2.8'])), 5000)
  const addresses = (now: number) => cache.host('nixos.local', [], now)?.sighting.addresses
  t.same(addresses(5999), ['192.0.2.7', '192.0.2.8'])
  t.same(addresses(6000), ['192.0.2.8'])
  // Both in one second are one set, in two packets.
  cache.take(message(announced('NixOS', ['192.0.2.9'])), 6000)
  t.same(addresses(8000), ['192.0.2.8', '192.0.2.9'])
  t.end()
})

t.test(
  'while two claim a name the identity of one does not go with the addresses of the other',
  (t) => {
    const cache = new RecordCache()
    const [first, second] = ['fe80::1', 'fe80::2']
    const service = () => cache.service(instance('nixos'), [], 2000)?.sighting
    cache.take(message(announced('NixOS', [first])), 0, first)
    t.ok(service()?.advertisement)
    // Asked for its addresses alone, the other tells them.
    cache.take(message(announced('NixOS', [second]).slice(0, 1)), 1000, second)
    t.same(service()?.addresses, [second])
    t.equal(service()?.advertisement, undefined)
    // By IPv4 one machine has another address to speak from.
    cache.take(message(announced('NixOS').slice(-1)), 1500, '192.0.2.7')
    t.ok(service()?.advertisement)
    t.end()
  },
)

t.test('while two claim a name its addresses are of who spoke last, in each family', (t) => {
  const cache = new RecordCache()
  const other = 'fe80::5054:ff:fe00:2'
  const addresses = () => cache.host('nixos.local', [], 700)?.sighting.addresses
  cache.take(message(announced('NixOS', [address, '192.0.2.1'])), 0, address)
  cache.take(message(announced('NixOS', [other, '192.0.2.2'])), 500, other)
  t.same(addresses(), [other, '192.0.2.2'])
  cache.take(message(announced('NixOS', [address, '192.0.2.1'])), 600, address)
  t.same(addresses(), [address, '192.0.2.1'])
  cache.take(message(announced('NixOS', ['192.0.2.1'])), 650, '192.0.2.1')
  t.same(addresses(), [address, '192.0.2.1'], 'one machine speaks both')
  t.end()
})

t.test('known answers have half of their life before them, and say how much', (t) => {
  const cache = new RecordCache()
  cache.take(message(announced()), 0)
  const ttls = (now: number) => cache.knownAnswers([ptr], now).map(({ ttl }) => ttl)
  t.same(ttls(0), [4500])
  t.same(ttls(1_000_000), [3500])
  t.same(ttls(2_250_000), [])
  t.same(
    cache.knownAnswers([ptr], 0).map(({ flush }) => flush),
    [false],
    'RFC 6762 section 10.2',
  )
  t.end()
})

t.test('what is wanted is asked for again at 80, 85, 90 and 95 per cent of its life', (t) => {
  const cache = new RecordCache()
  cache.take(message(announced()), 0)
  const all = () => true
  const host = ({ type }: ResourceRecord) => type === 'AAAA'
  const moments: number[] = []
  for (let now = 0; now < 120_000; now += 1000)
    if (cache.due(host, now).length > 0) moments.push(now)
  t.same(moments, [96_000, 102_000, 108_000, 114_000])
  t.equal(cache.nextDue(host), Number.POSITIVE_INFINITY)
  cache.take(message(announced()), 115_000)
  t.equal(cache.nextDue(all), 211_000)
  t.equal(
    cache.nextDue(() => false),
    Number.POSITIVE_INFINITY,
  )
  t.end()
})

t.test('who is forgotten is no known answer', (t) => {
  const cache = new RecordCache()
  cache.take(message(announced('NixOS')), 0)
  cache.take(message(announced('other', ['fe80::2'])), 0)
  cache.forget([address])
  t.same(
    cache.knownAnswers([ptr], 0).map(({ data }) => data),
    [instance('other')],
  )
  t.equal(cache.host('nixos.local', [], 0), undefined)
  t.end()
})

t.test('a message of nothing but others’ records, or of too many, is not taken', (t) => {
  const cache = new RecordCache()
  const printer: ResourceRecord = {
    name: '_ipp._tcp.local',
    type: 'PTR',
    ttl: 4500,
    flush: false,
    data: 'x',
  }
  t.equal(cache.take(message([printer]), 0), undefined)
  const flood = Array.from({ length: 300 }, (_, n) => announced(`n${n}`)[0] as ResourceRecord)
  t.equal(cache.take(message(flood), 0), undefined)
  const wild: ResourceRecord = {
    name: 'a b.local',
    type: 'A',
    ttl: 120,
    flush: true,
    data: '192.0.2.1',
  }
  t.equal(cache.take(message([wild]), 0), undefined)
  t.end()
})

t.test('nobody lives longer than 75 minutes, whatever his TTL', (t) => {
  const cache = new RecordCache()
  cache.take(message(announced().map((each) => ({ ...each, ttl: 2 ** 31 }))), 0)
  t.equal(cache.service(instance('nixos'), [], 0)?.lifetimeMs, 4_500_000)
  t.end()
})

t.test('known answers that need more packets say that more follow', (t) => {
  const known = Array.from(
    { length: 100 },
    (_, n): ResourceRecord => ({ ...(announced(`nixos-${n}`)[1] as ResourceRecord) }),
  )
  const packets = questionMessages([ptr], known)
  t.ok(packets.length > 1)
  t.same(
    packets.map(({ questions }) => questions?.length),
    packets.map((_, n) => Number(n === 0)),
  )
  t.same(
    packets.map(({ truncated }) => truncated),
    packets.map((_, n) => n < packets.length - 1),
  )
  t.equal(packets.flatMap(({ answers }) => answers ?? []).length, 100)
  t.match(questionMessages([ptr], []), [{ questions: [ptr], answers: [], truncated: false }])
  t.end()
})
