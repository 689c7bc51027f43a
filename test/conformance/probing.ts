import { type Check, type LinkKind, must, need } from './check.ts'
import { sameName, type } from './dns.ts'
import { address, question, raw, response, type Said, service, text } from './encode.ts'
import type { Lab, Options } from './lab.ts'
import type { Packet } from './pcap.ts'
import { answers, ownType } from './responding.ts'

/** RFC 6762 sections 8.1 and 8.2 when somebody minds: conflicts and ties while it probes. */

const on = { peer: 'off', links: ['IPv6', 'IPv4'] as readonly LinkKind[] } as const
const onOne = { peer: 'off', links: ['IPv6'] } as const

export const asksFor = (name: string) => (packet: Packet) =>
  packet.message?.qr === 0 && packet.message.questions.some((q) => sameName(q.name, name))

/** The next probe of the peer for a name. */
export async function nextProbe(
  lab: Lab,
  name: string,
  after: Packet | number = 0,
): Promise<Packet> {
  const at = typeof after === 'number' ? after : after.at
  const isProbe = (p: Packet) => lab.isPeers(p) && p.at > at && asksFor(name)(p)
  return need(await lab.wire.find(isProbe, 15_000), `no probe for ${name}`, lab.since(at))
}

const isAnnouncementOf = (lab: Lab, name: string) => (p: Packet) =>
  lab.isPeers(p) &&
  p.message?.qr === 1 &&
  p.message.answers.some((r) => sameName(r.name, name) && r.ttl > 0)

export async function announcementOf(lab: Lab, name: string, limitMs = 8000): Promise<Packet> {
  const found = await lab.wire.find(isAnnouncementOf(lab, name), limitMs)
  return need(found, `${name} was not announced`, lab.mine())
}

/** Waits until a host name is announced that is what the peer calls itself after a conflict. */
export async function renamedHost(lab: Lab, after: Packet | number = 0): Promise<string> {
  const at = typeof after === 'number' ? after : after.at
  const hostIn = (p: Packet) =>
    p.message?.qr === 1
      ? p.message.answers.find(
          (r) => r.type === ownType(lab) && r.ttl > 0 && r.name !== lab.peer.host,
        )?.name
      : undefined
  const isNew = (p: Packet) => {
    const services = p.message?.answers.filter((r) => r.type === type.SRV && r.ttl > 0) ?? []
    const name = services.find((r) => !sameName(r.target?.text ?? '', lab.peer.host))?.target?.text
    return lab.isPeers(p) && p.at > at && p.message?.qr === 1 && name !== undefined
  }
  const found = need(
    await lab.wire.find(isNew, 12_000),
    'no service under a new name',
    lab.since(at),
  )
  const service = found.message?.answers.find(
    (r) => r.type === type.SRV && !sameName(r.target?.text ?? '', lab.peer.host),
  )
  return service?.target?.text ?? hostIn(found) ?? ''
}

/** Other data for the peer's host name than any peer has. */
export const otherAddress = (lab: Lab, name = lab.peer.host, flush = true): Said =>
  address(name, lab.kind === 'IPv4' ? '192.0.2.2' : 'fe80::a2', { flush })

function mustNotClaim(lab: Lab, name: string): void {
  const claimed = lab.mine().filter(isAnnouncementOf(lab, name))
  must(claimed.length === 0, `${name} is somebody else's, and announced`, claimed)
}

/** A response while it probes for the host name; it has to give way. */
const yields = (
  says: string,
  response: (lab: Lab) => Buffer,
  { after = 1, ...options }: Options & { after?: number; toPeer?: boolean } = {},
  links: readonly LinkKind[] = ['IPv6'],
): Check => ({
  peer: 'off',
  links,
  section: '8.1',
  level: 'MUST',
  says,
  async run(lab) {
    await lab.start()
    let probe = await nextProbe(lab, lab.peer.host)
    for (let i = 1; i < after; i++) probe = await nextProbe(lab, lab.peer.host, probe)
    const to = options.toPeer ? { to: probe.source } : {}
    const sent = await lab.send(response(lab), { from: 1, ...options, ...to })
    const host = await renamedHost(lab, sent)
    must(lab.peer.renamed.test(host), `the new name is ${host}`, lab.since(sent))
    mustNotClaim(lab, lab.peer.host)
  },
})

/** A response while it probes that has to be without effect: the name is announced as if alone. */
const goesOn = (
  section: string,
  says: string,
  response: (lab: Lab, probe: Packet) => Buffer,
  options: Options = {},
): Check => ({
  ...onOne,
  section,
  level: 'MUST',
  says,
  async run(lab) {
    await lab.start()
    const probe = await nextProbe(lab, lab.peer.host)
    const sent = await lab.send(response(lab, probe), { from: 1, ...options })
    const announced = await announcementOf(lab, lab.peer.host)
    const took = announced.at - probe.at
    must(took < 1200, `announced ${took} ms after the first probe`, [sent, ...lab.since(probe)])
  },
})

/** The tester's own probe for a name of the peer, right after the peer's first one. */
async function rival(
  lab: Lab,
  name: string,
  records: (probe: Packet) => Said[],
  asked = name,
): Promise<{ probe: Packet; sent: Packet }> {
  await lab.start()
  const probe = await nextProbe(lab, name)
  const sent = await lab.ask(question(asked, type.ANY, { unicast: true }), {
    from: 1,
    authorities: records(probe),
  })
  return { probe, sent }
}

async function mustDefer(lab: Lab, name: string, { sent }: { sent: Packet }): Promise<void> {
  const again = await nextProbe(lab, name, sent)
  const took = again.at - sent.at
  must(took >= 995 && took < 1900, `probes again after ${took.toFixed(0)} ms`, [
    sent,
    ...lab.since(sent),
  ])
  const announced = await announcementOf(lab, name)
  const probes = lab.since(again.at - 1).filter(asksFor(name))
  const before = probes.filter((p) => p.at < announced.at)
  must(before.length >= 3, `${before.length} probes after the deferral`, lab.since(sent))
}

async function mustGoOn(
  lab: Lab,
  name: string,
  { probe, sent }: { probe: Packet; sent: Packet },
): Promise<void> {
  const announced = await announcementOf(lab, name)
  const took = announced.at - probe.at
  must(took < 1200, `announced ${took.toFixed(0)} ms after the first probe`, [
    probe,
    sent,
    ...lab.since(probe),
  ])
}

interface Tie {
  says: string
  records(lab: Lab, probe: Packet): Said[]
  /** The spelling in the rival's question. */
  asked?(lab: Lab): string
  of?(lab: Lab): string
  links?: readonly LinkKind[]
}

const tie =
  (judge: typeof mustDefer | typeof mustGoOn) =>
  ({ says, records, asked, of = host, links = ['IPv6'] }: Tie): Check => ({
    peer: 'off',
    links,
    section: '8.2',
    level: 'MUST',
    says,
    async run(lab) {
      const name = of(lab)
      const rivals = (probe: Packet) => records(lab, probe)
      const moment = await rival(lab, name, rivals, asked?.(lab) ?? name)
      await judge(lab, name, moment)
    },
  })

const loses = tie(mustDefer)
const wins = tie(mustGoOn)

const host = (lab: Lab) => lab.peer.host
const instance = (lab: Lab) => lab.peer.instances[0] ?? ''

/** What the peer has proposed for a name, to say it again. */
function proposed(name: string, probe: Packet): Said[] {
  const records = probe.message?.authorities ?? []
  return records.filter((record) => sameName(record.name, name))
}

const last = (lab: Lab) =>
  address(host(lab), lab.kind === 'IPv4' ? '255.255.255.254' : 'ffff::ffff')
/** Earlier than any of the peer's addresses, but not for who takes bytes for signed numbers. */
const early = (lab: Lab) => address(host(lab), lab.kind === 'IPv4' ? '127.0.0.1' : '7fff::1')

export const probingChecks: Check[] = [
  {
    ...on,
    section: '8.1',
    level: 'MUST',
    says: 'no question for a name is answered while it is probed for',
    async run(lab) {
      await lab.start()
      const probe = await nextProbe(lab, lab.peer.host)
      const asked = [ownType(lab), type.ANY].map((kind) => question(lab.peer.host, kind))
      await lab.ask(asked, { from: 1 })
      await lab.ask(question(lab.peer.host, ownType(lab), { unicast: true }), { from: 2 })
      await lab.ask(asked, { port: 0, id: 8 })
      const third = await nextProbe(lab, lab.peer.host, await nextProbe(lab, lab.peer.host, probe))
      await announcementOf(lab, lab.peer.host)
      const said = lab.mine().filter(({ message }) => message?.qr === 1)
      const early = said.filter((p) => p.at < third.at + 100 && answers(lab.peer.host)(p))
      must(early.length === 0, 'answered before it was ours', early)
    },
  },
  yields(
    'a name that somebody answers for while it is probed for is given up for another',
    (lab) => response([otherAddress(lab)]),
    {},
    ['IPv6', 'IPv4'],
  ),
  yields('the same after the third probe', (lab) => response([otherAddress(lab)]), { after: 3 }),
  yields('the same when the record is of another type than ours', (lab) =>
    response([text(lab.peer.host, ['x=y'], { flush: true })]),
  ),
  yields('the same when the record lies in the additional section', (lab) =>
    response([], { additionals: [otherAddress(lab)] }),
  ),
  yields('the same in other letters', (lab) =>
    response([otherAddress(lab, lab.peer.host.toUpperCase())]),
  ),
  yields('the same without cache-flush bit', (lab) =>
    response([otherAddress(lab, lab.peer.host, false)]),
  ),
  yields(
    'the same by unicast, as a QU question asks for',
    (lab) => response([otherAddress(lab)]),
    { toPeer: true },
    ['IPv6', 'IPv4'],
  ),
  {
    ...onOne,
    section: '8.1',
    level: 'MUST',
    says: 'the new name is probed for three times, too',
    async run(lab) {
      await lab.start()
      await nextProbe(lab, lab.peer.host)
      const sent = await lab.send(response([otherAddress(lab)]), { from: 1 })
      const name = await renamedHost(lab, sent)
      const announced = await announcementOf(lab, name)
      // Who wants the name anyway may have begun to probe for it before.
      const probes = lab.mine().filter((p) => asksFor(name)(p) && p.at < announced.at)
      must(probes.length >= 3, `${probes.length} probes for ${name}`, lab.mine())
    },
  },
  {
    ...onOne,
    section: '8.1',
    level: 'MUST',
    says: 'a service name that somebody answers for while it is probed for is given up',
    async run(lab) {
      await lab.start()
      const name = instance(lab)
      await nextProbe(lab, name)
      const other = service(name, { port: 2222, target: 'other.local' }, { flush: true })
      const sent = await lab.send(response([other]), { from: 1 })
      const [type_ = ''] = lab.peer.services
      const isOther = (p: Packet) =>
        lab.isPeers(p) &&
        p.message?.qr === 1 &&
        p.message.answers.some(
          (r) => sameName(r.name, type_) && !sameName(r.target?.text ?? '', name) && r.ttl > 0,
        )
      const found = await lab.wire.find(isOther, 12_000)
      must(found !== undefined, 'no other instance was announced', lab.since(sent))
      mustNotClaim(lab, name)
    },
  },
  goesOn('9', 'an identical record of another host is no conflict while probing', (lab, probe) =>
    response(proposed(host(lab), probe).map((record) => ({ ...record, flush: true }))),
  ),
  goesOn(
    '6',
    'a response from another port than 5353 is no conflict while probing',
    (lab) => response([otherAddress(lab)]),
    { port: 0 },
  ),
  goesOn('18.11', 'a response with an rcode is no conflict while probing', (lab) =>
    response([otherAddress(lab)], { rcode: 3 }),
  ),
  goesOn('18.3', 'a response with an opcode is no conflict while probing', (lab) =>
    response([otherAddress(lab)], { opcode: 4 }),
  ),
  goesOn('8.1', 'a response about another name is no conflict', (lab) =>
    response([
      address('other.local', 'fe80::a2', { flush: true }),
      otherAddress(lab, 'ixOS.local'),
    ]),
  ),
  loses({
    says: 'who proposes the earlier data waits a second and probes again',
    records: (lab) => [last(lab)],
    links: ['IPv6', 'IPv4'],
  }),
  loses({
    says: 'a tie is found whatever the case of the name',
    records: (lab) => [{ ...last(lab), name: host(lab).toUpperCase() }],
    asked: (lab) => host(lab).toUpperCase(),
  }),
  loses({
    says: 'in a tie a greater type is later, whatever the data',
    records: (lab) => [raw(host(lab), type.SRV, Buffer.alloc(7))],
  }),
  loses({
    says: 'in a tie a greater class is later, whatever type and data',
    records: (lab) => [raw(host(lab), type.A, Buffer.alloc(4), { class: 3 })],
  }),
  loses({
    says: 'in a tie the side with more records is later, when all before are the same',
    records: (lab, probe) => [...proposed(host(lab), probe), last(lab)],
  }),
  loses({
    says: 'in a tie records are sorted before they are compared',
    records: (lab, probe) => [last(lab), ...proposed(host(lab), probe).toReversed()],
  }),
  loses({
    says: 'a tie of a service name is decided by TXT and SRV together',
    of: instance,
    records: (lab, probe) => [
      ...proposed(instance(lab), probe).filter((record) => record.type === type.TXT),
      service(instance(lab), { priority: 1, target: 'a.local' }),
    ],
  }),
  wins({
    says: 'who proposes the later data goes on: bytes are compared as unsigned numbers',
    records: (lab) => [early(lab)],
    links: ['IPv6', 'IPv4'],
  }),
  wins({
    says: 'in a tie a smaller type is earlier, whatever the data',
    records: (lab) => [address(host(lab), '255.255.255.255')],
  }),
  wins({
    says: 'in a tie the cache-flush bit is no part of the class',
    records: (lab) => [{ ...early(lab), flush: true }],
  }),
  wins({
    says: 'in a tie the side with fewer records is earlier, when these are the same',
    of: instance,
    records: (lab, probe) =>
      proposed(instance(lab), probe).filter((record) => record.type === type.TXT),
  }),
  wins({
    says: 'who proposes the very same is no rival',
    records: (lab, probe) => proposed(host(lab), probe),
    links: ['IPv6', 'IPv4'],
  }),
  wins({
    says: 'in a tie data is compared with its names written out',
    of: instance,
    records: (lab, probe) => [
      ...proposed(instance(lab), probe).filter((record) => record.type === type.TXT),
      // Port 22 as ours, and as target a pointer to '_ssh._tcp.local' in the question: written out
      // its first label is shorter than 'NixOS', while the pointer itself (0xc0) is greater.
      raw(instance(lab), type.SRV, Buffer.from([0, 0, 0, 0, 0, 22, 0xc0, 12 + 6])),
    ],
  }),
  wins({
    says: 'a question for the name without proposed records is no rival',
    records: () => [],
  }),
  {
    ...onOne,
    section: '8.2',
    level: 'MUST',
    says: 'who has lost a tie finds the winner in its place, and takes another name',
    async run(lab) {
      const moment = await rival(lab, lab.peer.host, () => [last(lab)])
      const end = lab.wire.onPacket((packet) => {
        if (lab.isPeers(packet) && asksFor(lab.peer.host)(packet))
          lab.say(response([{ ...last(lab), flush: true }]), { from: 1 })
      })
      try {
        const name = await renamedHost(lab, moment.sent)
        must(lab.peer.renamed.test(name), `the new name is ${name}`, lab.since(moment.sent))
        mustNotClaim(lab, lab.peer.host)
      } finally {
        end()
      }
    },
  },
  {
    ...onOne,
    section: '8.1',
    level: 'MUST',
    says: 'after fifteen conflicts within ten seconds each further try waits five seconds',
    async run(lab) {
      const tries: Packet[] = []
      // Each probe for a host name is contradicted at once, so the next one is another try.
      const end = lab.wire.onPacket((packet) => {
        if (!lab.isPeers(packet) || packet.message?.qr !== 0) return
        const hosts = packet.message.authorities.filter((r) => r.type === ownType(lab))
        const names = [...new Set(hosts.map((record) => record.name))]
        if (names.length === 0) return
        tries.push(packet)
        lab.say(response(names.map((name) => otherAddress(lab, name))), { from: 1 })
      })
      try {
        await lab.start()
        await lab.wire.find(() => tries.length >= 17, 40_000)
      } finally {
        end()
      }
      const first = tries[0]?.at ?? 0
      const at = tries.map((each) => Math.round(each.at - first))
      const gaps = tries.slice(1).map((each, i) => each.at - (tries[i]?.at ?? 0))
      const slow = gaps.findIndex((gap) => gap >= 4990)
      must(slow >= 0 && slow <= 14, `tries at ${at} ms`)
      must(
        gaps.slice(Math.max(slow, 14)).every((gap) => gap >= 4990),
        `tries at ${at} ms`,
      )
    },
  },
  {
    peer: 'fresh',
    links: ['IPv6'],
    alters: true,
    section: '8',
    level: 'MUST',
    says: 'when the link comes back, names are probed for and announced anew, after a random delay',
    async run(lab) {
      const delays: number[] = []
      for (let i = 0; i < 5; i++) {
        await lab.onPeer('ip', 'link', 'set', 'in0', 'down')
        await lab.onPeer('ip', 'link', 'set', 'in0', 'up')
        const up = Date.now()
        const probe = await nextProbe(lab, lab.peer.host, up)
        delays.push(probe.at - up)
        const announced = (p: Packet) => p.at > up && isAnnouncementOf(lab, lab.peer.host)(p)
        need(await lab.wire.find(announced, 5000), 'not announced again', lab.since(up))
      }
      const shown = delays.map((ms) => ms.toFixed(0)).join(', ')
      must(Math.max(...delays) - Math.min(...delays) > 12, `first probes after ${shown} ms`)
    },
  },
]
