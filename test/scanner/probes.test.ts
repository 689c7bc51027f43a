import t from 'tap'
import { Channel } from '../../scanner/channel.ts'
import { type Visits, withProbes } from '../../scanner/probes.ts'
import type { Sighting } from '../../scanner/sighting.ts'
import { fakeAddresses, fakeAdvertisement } from '../fakes/sighting.ts'

const [eui64 = '', privacy = '', global = '', ipv4 = ''] = fakeAddresses(1, 0)
const [secondCard = ''] = fakeAddresses(1, 1)
const seen = (addresses: string[], over: Partial<Sighting> = {}): Sighting => ({
  source: 'service',
  link: 'eno1',
  at: 0,
  addresses,
  installer: true,
  ...over,
})

/** Who was visited, in turn, when at some addresses no server answers. */
async function visits(
  heard: Sighting[],
  { silent = [] as string[], ...over }: Partial<Visits> & { silent?: string[] } = {},
) {
  const visited: string[] = []
  const keyWanted: string[] = []
  const isWanted = ({ installer }: Sighting) => installer === true
  const how = { isWanted, keysOf: 'everybody' as const, visited: new Set<string>(), ...over }
  const from = async function* () {
    yield* heard
  }
  const passed: Sighting[] = []
  const probe: Parameters<typeof withProbes>[3] = async (link, address, port, _, wantsKey) => {
    await null
    visited.push(`${address} ${port}`)
    if (wantsKey?.()) keyWanted.push(address)
    const reachable = !silent.includes(address)
    const ssh = { reachable, banner: null, hostKeys: [] }
    return { source: 'ssh', link, at: 0, addresses: [address], ssh }
  }
  for await (const each of withProbes(from(), new AbortController().signal, how, probe))
    passed.push(each)
  return { visited, keyWanted, passed, how }
}

t.test('each machine is visited once, at its best address, however often it is seen', async (t) => {
  const heard = [seen([ipv4, global, eui64]), seen([eui64]), seen([eui64, 'fe80::47'])]
  const { visited, passed } = await visits(heard)
  t.same(visited, [`${eui64} 22`])
  t.equal(passed.length, heard.length + 1, 'what was seen is passed on')
})

t.test('where no server answers the next address is tried, until one does', async (t) => {
  const { visited } = await visits([seen([global, ipv4, privacy, eui64])], {
    silent: [eui64, privacy],
  })
  t.same(visited, [`${eui64} 22`, `${privacy} 22`, `${global} 22`])
})

t.test(
  'of an announcement that names two cards both are visited: one may be another’s',
  async (t) => {
    const { visited } = await visits([seen([eui64, secondCard, ipv4])])
    t.same(visited.sort(), [`${eui64} 22`, `${secondCard} 22`].sort())
  },
)

t.test('another port, and another link, is another visit', async (t) => {
  const heard = [seen([eui64]), seen([eui64], { port: 2222 }), seen([eui64], { link: 'wlan0' })]
  const { visited } = await visits(heard)
  t.same(visited, [`${eui64} 22`, `${eui64} 2222`, `${eui64} 22`])
})

t.test('only installers are visited unless all are wanted', async (t) => {
  const heard = [seen([eui64], { installer: false })]
  t.same((await visits(heard)).visited, [])
  t.same((await visits(heard, { isWanted: () => true })).visited, [`${eui64} 22`])
})

t.test(
  'where a server has answered before nobody goes again, where none has somebody does',
  async (t) => {
    const { how } = await visits([seen([eui64]), seen([secondCard])], { silent: [secondCard] })
    const again = await visits([seen([eui64]), seen([secondCard])], how)
    t.same(again.visited, [`${secondCard} 22`])
  },
)

t.test('of those that announce an identity no key is wanted when strangers’ are', async (t) => {
  const heard = [seen([eui64], { advertisement: fakeAdvertisement(1) }), seen([privacy])]
  t.same((await visits(heard, { keysOf: 'strangers' })).keyWanted, [privacy])
  t.same((await visits(heard)).keyWanted.sort(), [eui64, privacy].sort())
})

t.test(
  'a visit that is broken off is no evidence, and those that wait are not begun',
  async (t) => {
    const controller = new AbortController()
    const heard = new Channel<Sighting>()
    heard.push(seen([eui64, global]))
    const passed: Sighting[] = []
    let begun = 0
    const probe: Parameters<typeof withProbes>[3] = async (link, address) => {
      begun++
      controller.abort()
      heard.end()
      const ssh = { reachable: false, banner: null, hostKeys: [] }
      return { source: 'ssh', link, at: 0, addresses: [address], ssh }
    }
    const visits = {
      isWanted: () => true,
      keysOf: 'everybody' as const,
      visited: new Set<string>(),
    }
    for await (const each of withProbes(heard, controller.signal, visits, probe)) passed.push(each)
    t.same(
      passed.map(({ source }) => source),
      ['service'],
    )
    t.equal(begun, 1)
  },
)
