import t from 'tap'
import { merge } from '../../../scanner/merge.ts'
import type { Sighting } from '../../../scanner/sighting.ts'
import {
  certainPlaces,
  forget,
  type Input,
  type Knowledge,
  learn,
  nextExpiry,
  nothingKnown,
  scanKey,
} from '../../../scanner/watch/evidence.ts'
import { fakeAddresses, fakeAdvertisement, fakeKey, fakeMac } from '../../fakes/sighting.ts'

const link = 'eno1'
const [eui64 = '', other = '', global = '', ipv4 = ''] = fakeAddresses(1, 0)

function sighting(over: Partial<Sighting> = {}): Sighting {
  return { source: 'neighbour', link, at: 1000, addresses: [eui64], ...over }
}

function heard(over: Partial<Sighting> = {}, lifetimeMs = 1000): Input {
  const seen = sighting(over)
  return { kind: 'heard', key: scanKey(seen), sighting: seen, lifetimeMs }
}

/** What is known at a time, after inputs at others. */
function after(inputs: readonly [at: number, input: Input][], now: number): Knowledge {
  const learned = inputs.reduce((known, [at, input]) => learn(known, [input], at), nothingKnown)
  return forget(learned, now)
}

const sourcesOf = ({ evidence }: Knowledge) =>
  [...evidence.values()].map((each) => each.sighting.source)
const service = (over: Partial<Sighting> = {}) =>
  heard({
    source: 'service',
    addresses: [eui64, ipv4],
    name: 'NixOS',
    port: 22,
    installer: true,
    advertisement: fakeAdvertisement(1),
    ...over,
  })
const server = (address: string, machine = 1) =>
  heard(
    {
      source: 'ssh',
      addresses: [address],
      ssh: { reachable: true, banner: 'SSH-2.0-x', hostKeys: [fakeKey(machine)] },
    },
    Number.POSITIVE_INFINITY,
  )

t.test('what is heard lives for its time, and longer when it is heard again', (t) => {
  const once: [number, Input][] = [[0, heard()]]
  t.equal(after(once, 999).evidence.size, 1)
  t.equal(after(once, 1000).evidence.size, 0)
  t.equal(after([...once, [500, heard({ at: 1500 })]], 1400).evidence.size, 1, 'one and the same')
  t.equal(nextExpiry(after(once, 0)), 1000)
  t.equal(nextExpiry(nothingKnown), Number.POSITIVE_INFINITY)
  t.end()
})

t.test('evidence of ssh lives as long as anything else of the machine', (t) => {
  const inputs: [number, Input][] = [
    [0, heard()],
    [0, server(eui64)],
  ]
  t.same(sourcesOf(after(inputs, 999)), ['neighbour', 'ssh'])
  t.same(sourcesOf(after(inputs, 1000)), [])
  t.end()
})

t.test('a goodbye ends what was announced and shown, not that the host is there', (t) => {
  const bye: Input = { kind: 'farewell', link, from: eui64, addresses: [eui64, ipv4] }
  const inputs: [number, Input][] = [
    [0, heard()],
    [0, service()],
    [0, heard({ source: 'static', installer: true })],
    [0, server(eui64)],
    [0, service({ link: 'wlan0' })],
    [1, bye],
  ]
  const known = after(inputs, 2)
  t.same(sourcesOf(known), ['neighbour', 'service'])
  t.same(
    [...known.evidence.values()].at(-1)?.sighting.link,
    'wlan0',
    'of its other link it is silent',
  )
  t.end()
})

t.test('a goodbye to one address of several leaves the others', (t) => {
  const bye: Input = { kind: 'farewell', link, from: eui64, addresses: [ipv4] }
  const known = after(
    [
      [0, heard({ mac: fakeMac(1), addresses: [ipv4] })],
      [0, service({ addresses: [eui64, ipv4] })],
      [1, bye],
    ],
    2,
  )
  const announced = [...known.evidence.values()].find(
    ({ sighting }) => sighting.source === 'service',
  )
  t.same(announced?.sighting.addresses, [eui64])
  t.end()
})

t.test('what a round tells late of who has said goodbye is not news', (t) => {
  const bye: Input = { kind: 'farewell', link, from: eui64, addresses: [eui64, 'fe80::47'] }
  const beacon = heard({ source: 'static', installer: true })
  const holder = heard({ source: 'neighbour', addresses: ['fe80::47'], installer: true })
  const table = heard({ mac: fakeMac(1) })
  const late = [beacon, holder, table].map((input): [number, Input] => [100, input])
  t.same(sourcesOf(after([[0, bye], ...late], 200)), ['neighbour'], 'but it is on the link')
  t.same(
    sourcesOf(
      after(
        [
          [0, bye],
          [100, service()],
        ],
        200,
      ),
    ),
    ['service'],
    'it announces anew',
  )
  t.same(
    sourcesOf(
      after(
        [
          [0, bye],
          [3000, beacon],
        ],
        3100,
      ),
    ),
    ['static'],
    'a later round',
  )
  t.end()
})

t.test('the shared address goes with its holder, and only with him', (t) => {
  const holder = heard({ source: 'static', addresses: ['fe80::47'], installer: true })
  const bye = (addresses: string[]): Input => ({ kind: 'farewell', link, from: eui64, addresses })
  t.same(
    sourcesOf(
      after(
        [
          [0, holder],
          [1, bye([eui64])],
        ],
        2,
      ),
    ),
    ['static'],
  )
  t.same(
    sourcesOf(
      after(
        [
          [0, holder],
          [1, bye([eui64, 'fe80::47'])],
        ],
        2,
      ),
    ),
    [],
  )
  const both = service({ addresses: [eui64, 'fe80::47'] })
  t.same(
    sourcesOf(
      after(
        [
          [0, both],
          [1, bye([eui64])],
        ],
        2,
      ),
    ),
    [],
    'it is nobody without its own',
  )
  t.end()
})

t.test('a goodbye that another says in its name is a doubt, and time to contradict', (t) => {
  const forged: Input = { kind: 'farewell', link, from: 'fe80::bad', addresses: [eui64, ipv4] }
  const long = (over: Partial<Sighting>) => ({ ...service(over), lifetimeMs: 100_000 }) as Input
  const known = after(
    [
      [0, long({})],
      [1, forged],
    ],
    2,
  )
  t.same(sourcesOf(known), ['service'])
  t.equal(certainPlaces(known).size, 0)
  t.same(
    sourcesOf(
      after(
        [
          [0, long({})],
          [1, forged],
        ],
        10_001,
      ),
    ),
    [],
  )
  t.same(
    sourcesOf(
      after(
        [
          [0, long({})],
          [1, forged],
          [100, long({})],
        ],
        10_001,
      ),
    ),
    ['service'],
  )
  // An address of its own that it does not announce: the neighbour table knows whose it is.
  const own: Input = { kind: 'farewell', link, from: other, addresses: [global] }
  const macs = heard({ addresses: [other, global], mac: fakeMac(1) })
  const announced = long({ source: 'mdns', addresses: [global] })
  t.same(
    sourcesOf(
      after(
        [
          [0, macs],
          [0, announced],
          [1, own],
        ],
        2,
      ),
    ),
    ['neighbour'],
  )
  t.end()
})

t.test('who is silent is gone, and an old neighbour table does not bring it back', (t) => {
  const silent: Input = { kind: 'silent', link, addresses: [eui64, ipv4] }
  const gone: [number, Input][] = [
    [0, heard()],
    [0, service()],
    [0, server(ipv4)],
    [1, silent],
  ]
  t.same(sourcesOf(after(gone, 2)), [])
  const table = heard({ mac: fakeMac(1) })
  t.same(sourcesOf(after([...gone, [2, table]], 3)), [])
  t.same(sourcesOf(after([...gone, [2, heard()], [3, table]], 4)), ['neighbour', 'neighbour'])
  t.end()
})

t.test('what is doubted is not certain until it is heard again, and does not end by that', (t) => {
  const doubted: Input = { kind: 'doubted', link, addresses: [eui64] }
  t.equal(
    certainPlaces(
      after(
        [
          [0, heard()],
          [1, doubted],
        ],
        2,
      ),
    ).size,
    0,
  )
  t.equal(
    after(
      [
        [0, heard()],
        [1, doubted],
      ],
      999,
    ).evidence.size,
    1,
  )
  t.equal(
    certainPlaces(
      after(
        [
          [0, heard()],
          [1, doubted],
          [2, heard()],
        ],
        3,
      ),
    ).size,
    1,
  )
  t.end()
})

t.test('a lost carrier shortens the lives on its link; a sleep lengthens all', (t) => {
  const shaken: Input = { kind: 'shaken', link, graceMs: 100 }
  const inputs: [number, Input][] = [
    [0, heard({}, 5000)],
    [0, heard({ link: 'wlan0' }, 5000)],
    [10, shaken],
  ]
  t.equal(after(inputs, 109).evidence.size, 2)
  t.equal(after(inputs, 110).evidence.size, 1)
  // Nobody looked for an hour: it had no chance to be heard.
  const slept: Input = { kind: 'shaken', graceMs: 100 }
  const known = learn(learn(nothingKnown, [heard()], 0), [slept], 3_600_000)
  t.equal(forget(known, 3_600_099).evidence.size, 1)
  t.equal(forget(known, 3_600_100).evidence.size, 0)
  t.end()
})

t.test('when the clock is set the moments go along, and their order stays', (t) => {
  const known = learn(nothingKnown, [heard({ at: 5000 }), { kind: 'clock-set', byMs: -4000 }], 0)
  t.same(
    [...known.evidence.values()].map((each) => each.sighting.at),
    [1000],
  )
  t.equal(nextExpiry(known), 1000, 'a life is not shorter by it')
  t.end()
})

t.test('another boot ends what the former one showed', (t) => {
  const rebooted = service({ advertisement: { ...fakeAdvertisement(1), boot: 'ffffffff' } })
  const known = after(
    [
      [0, service()],
      [0, server(eui64)],
      [1, rebooted],
    ],
    2,
  )
  t.same(sourcesOf(known), ['service'])
  const [machine] = merge([...known.evidence.values()].map((each) => each.sighting))
  t.equal(machine?.agent?.boot, 'ffffffff')
  t.same(machine?.ssh.hostKeys, [])
  t.same(
    sourcesOf(
      after(
        [
          [0, service()],
          [0, server(eui64)],
          [1, service()],
        ],
        2,
      ),
    ),
    ['ssh', 'service'],
  )
  t.end()
})

t.test('another host key at an address ends the former one everywhere', (t) => {
  const known = after(
    [
      [0, service()],
      [0, server(eui64, 1)],
      [0, server(ipv4, 1)],
      [1, server(eui64, 2)],
    ],
    2,
  )
  const keys = [...known.evidence.values()].flatMap((each) => each.sighting.ssh?.hostKeys ?? [])
  t.same(keys, [fakeKey(2)])
  t.end()
})

t.test('what is withdrawn may be said anew within the grace', (t) => {
  const key = scanKey(sighting())
  const withdrawn: Input = { kind: 'withdrawn', key, graceMs: 100 }
  t.equal(
    after(
      [
        [0, heard()],
        [1, withdrawn],
      ],
      100,
    ).evidence.size,
    1,
  )
  t.equal(
    after(
      [
        [0, heard()],
        [1, withdrawn],
      ],
      101,
    ).evidence.size,
    0,
  )
  t.equal(
    after(
      [
        [0, heard()],
        [1, withdrawn],
        [50, heard()],
      ],
      500,
    ).evidence.size,
    1,
  )
  t.end()
})

t.test('a flood from one source hides nobody who is known, and nobody of another source', (t) => {
  const flood = Array.from({ length: 6000 }, (_, n) =>
    heard({ source: 'mdns', addresses: [`2001:db8::${n.toString(16)}`] }),
  )
  const known = learn(nothingKnown, [heard({ source: 'mdns' }), ...flood, heard()], 0)
  t.equal(known.evidence.size, 5001)
  const sources = sourcesOf(known)
  t.equal(sources.at(-1), 'neighbour')
  t.ok([...known.evidence.values()].some((each) => each.sighting.addresses.includes(eui64)))
  // Room that is freed is room again.
  const room = learn(
    known,
    [{ kind: 'silent', link, addresses: [eui64] }, flood.at(-1) ?? heard()],
    1,
  )
  t.equal(room.evidence.size, 5000)
  t.end()
})

t.test('who has been there once is remembered within bounds, the latest longest', (t) => {
  const many = 12_000
  const inputs = Array.from({ length: many }, (_, n): Input[] => {
    const address = `fe80::1:${n.toString(16)}`
    const id = n.toString(16).padStart(16, '0')
    const advertisement = { ...fakeAdvertisement(1), id }
    return [
      service({ addresses: [address], advertisement }),
      { kind: 'silent', link, addresses: [address] },
    ]
  })
  const { boots, silenced, evidence } = learn(nothingKnown, inputs.flat(), 0)
  t.equal(evidence.size, 0)
  const last = (many - 1).toString(16)
  for (const [remembered, newest] of [
    [boots, last.padStart(16, '0')],
    [silenced, `${link} fe80::1:${last}`],
  ] as const) {
    t.ok(remembered.size <= 5000, `${remembered.size}`)
    t.ok(remembered.has(newest))
  }
  t.end()
})
