import { reverseNameOf } from './bytes.ts'
import { type Check, type LinkKind, must, need } from './check.ts'
import { keyOf, recordText, sameName, type } from './dns.ts'
import { question } from './encode.ts'
import { addressesIn, type Family, type Lab } from './lab.ts'
import type { Packet } from './pcap.ts'
import { answers, ownType } from './responding.ts'

/** RFC 6762 sections 8.4 and 10.1: what changes, and what ends. */

const links: readonly LinkKind[] = ['IPv6', 'IPv4', 'dual']
const on = { peer: 'fresh', links: ['IPv6', 'IPv4'] as readonly LinkKind[] } as const
const onShared = { ...on, peer: 'shared' } as const

const isShared = (name: string, kind: number) => kind === type.PTR && !/\.arpa$/.test(name)

/** The records whose goodbye came, by what they are. */
function goodbyes(lab: Lab, family: Family): Set<string> {
  const said = lab.mine().filter((packet) => packet.family === family)
  const gone = said.flatMap(({ message }) => message?.answers.filter((r) => r.ttl === 0) ?? [])
  return new Set(gone.map(keyOf))
}

const saysGoodbye = (says: string, shared: boolean): Check => ({
  peer: 'fresh',
  links,
  section: '10.1',
  level: 'SHOULD',
  says,
  async run(lab) {
    const before = lab.families.map((family) => lab.announced(family))
    await lab.stopPeer()
    for (const [i, family] of lab.families.entries()) {
      const gone = goodbyes(lab, family)
      const records = (before[i] ?? []).filter((r) => isShared(r.name, r.type) === shared)
      const missing = records.filter((record) => !gone.has(keyOf(record)))
      must(missing.length === 0, `no goodbye over ${family}: ${missing.map(recordText)}`)
    }
  },
})

const added = (lab: Lab) => (lab.kind === 'IPv4' ? '192.0.2.77' : '2001:db8::77')
const prefix = (lab: Lab) => (lab.kind === 'IPv4' ? 24 : 64)

const change = (lab: Lab, verb: 'add' | 'del') =>
  lab.onPeer('ip', 'address', verb, `${added(lab)}/${prefix(lab)}`, 'dev', 'in0')

/** Gives the peer another address for a while; gives the moment and the first announcement of it. */
function withAddress(
  body: (lab: Lab, added: { at: number; announced: Packet }) => Promise<void> | void,
): (lab: Lab) => Promise<void> {
  return async (lab) => {
    try {
      await body(lab, await addAddress(lab))
    } finally {
      await change(lab, 'del').catch(() => 'gone already')
      await lab.quiet()
    }
  }
}

async function addAddress(lab: Lab): Promise<{ at: number; announced: Packet }> {
  await lab.quiet()
  const at = Date.now()
  await change(lab, 'add')
  const announced = await lab.wire.find((p) => lab.isPeers(p) && tells(lab, p, at), 5000)
  return { at, announced: need(announced, `${added(lab)} was not announced`, lab.since(at)) }
}

const tells = (lab: Lab, p: Packet, after: number) =>
  p.at > after &&
  p.message?.qr === 1 &&
  addressesIn(p.message.answers, lab.peer.host).includes(added(lab))

export const lifetimeChecks: Check[] = [
  saysGoodbye('at the end each shared record is said goodbye to, in each family', true),
  saysGoodbye('at the end each unique record is said goodbye to, in each family', false),
  {
    ...on,
    section: '10.1',
    level: 'MUST',
    says: 'a goodbye is a response to the group without question, from port 5353, and the last word',
    async run(lab) {
      await lab.quiet()
      const stopped = Date.now()
      await lab.stopPeer()
      const said = lab.since(stopped)
      must(said.length > 0, 'nothing said')
      for (const packet of said) {
        const { qr, aa, questions, answers: records = [] } = packet.message ?? {}
        const right = qr === 1 && aa === 1 && questions?.length === 0 && lab.isMulticast(packet)
        must(right && packet.sourcePort === 5353, 'not such a response', [packet])
        const alive = records.filter((record) => record.ttl > 0)
        must(alive.length === 0, `said alive at the end: ${alive.map(recordText)}`, [packet])
      }
    },
  },
  {
    ...onShared,
    section: '8.4',
    level: 'MUST',
    says: 'a new address is announced at once',
    run: withAddress((_, { at, announced }) => {
      must(announced.at - at < 1000, `after ${announced.at - at} ms`, [announced])
    }),
  },
  {
    ...onShared,
    section: '10.2',
    level: 'MUST',
    says: 'a new address is announced together with the others of the host, with cache-flush bit',
    run: withAddress(async (lab, { announced }) => {
      const records = announced.message?.answers.filter((r) => sameName(r.name, lab.peer.host))
      const isKind = (each: string) => each.includes(':') === (ownType(lab) === type.AAAA)
      const wanted = (await lab.addresses()).filter(isKind).sort()
      const got = addressesIn(records ?? [], lab.peer.host)
        .filter(isKind)
        .sort()
      must(`${got}` === `${wanted}`, `${got} of ${wanted}`, [announced])
      must(records?.every((r) => r.flush) === true, 'without cache-flush bit', [announced])
    }),
  },
  {
    ...onShared,
    section: '8.4',
    level: 'MUST',
    says: 'a new address is announced twice, at least a second apart',
    run: withAddress(async (lab, { announced }) => {
      const again = await lab.wire.find((p) => lab.isPeers(p) && tells(lab, p, announced.at), 3500)
      const took = need(again, 'announced once', lab.since(announced.at - 1)).at - announced.at
      must(took >= 995, `again after ${took} ms`, lab.since(announced.at - 1))
    }),
  },
  {
    ...onShared,
    section: '8.4',
    level: 'MUST',
    says: 'the reverse mapping of a new address is announced and answered for',
    run: withAddress(async (lab, { announced }) => {
      const reverse = reverseNameOf(added(lab))
      const isIt = (p: Packet) =>
        lab.isPeers(p) && p.at >= announced.at - 300 && answers(reverse)(p)
      need(await lab.wire.find(isIt, 3000), 'not announced', lab.since(announced.at - 300))
      await lab.quiet()
      const sent = await lab.ask(question(reverse, type.PTR))
      await lab.mustAnswer(sent, 'reverse mapping', answers(reverse, type.PTR))
    }),
  },
  {
    ...onShared,
    section: '8.4',
    level: 'SHOULD',
    says: 'a new address needs no new probe of the host name',
    run: withAddress(async (lab, { at }) => {
      await lab.wait(600)
      const probes = lab
        .since(at)
        .filter(({ message }) => message?.questions.some((q) => sameName(q.name, lab.peer.host)))
      must(probes.filter((p) => p.message?.qr === 0).length === 0, 'probed again', probes)
    }),
  },
  {
    ...onShared,
    section: '8.4',
    level: 'MUST',
    says: 'an address that is gone is withdrawn at once, by a goodbye or by the new set',
    run: withAddress(async (lab) => {
      await lab.wait(2500)
      await lab.quiet()
      const at = Date.now()
      await change(lab, 'del')
      const kinds = ownType(lab)
      const withdraws = (p: Packet) => {
        const of = p.message?.answers.filter((r) => sameName(r.name, lab.peer.host)) ?? []
        const alive = of.filter((r) => r.type === kinds && r.ttl > 0)
        const gone = addressesIn(
          of.filter((r) => r.ttl === 0),
          lab.peer.host,
        )
        const renewed = alive.length > 0 && alive.every((r) => r.flush)
        const still = addressesIn(alive, lab.peer.host).includes(added(lab))
        return p.message?.qr === 1 && !still && (gone.includes(added(lab)) || renewed)
      }
      const found = await lab.wire.find((p) => lab.isPeers(p) && p.at > at && withdraws(p), 5000)
      const took = need(found, 'not withdrawn', lab.since(at)).at - at
      must(took < 1000, `after ${took} ms`, lab.since(at))
      await lab.quiet()
      const sent = await lab.ask(question(lab.peer.host, kinds), { port: 0, id: 2 })
      const answer = await lab.mustAnswer(sent, 'addresses', (p) => p.message?.id === 2)
      const still = addressesIn(answer.message.answers, lab.peer.host).includes(added(lab))
      must(!still, 'still given', [answer])
    }),
  },
  {
    ...on,
    links: ['IPv6'],
    section: '8.3',
    level: 'MUST',
    says: 'after its announcements it is silent until somebody asks',
    async run(lab) {
      await lab.settled()
      const from = Date.now()
      await lab.wait(6000)
      const said = lab.since(from)
      must(said.length === 0, 'it speaks unasked', said)
    },
  },
]
