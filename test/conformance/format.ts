import { type Check, type LinkKind, must } from './check.ts'
import { type DnsMessage, encodeName, type Header, sameName, type } from './dns.ts'
import { encodeMessage, query, question } from './encode.ts'
import { addressesIn, type Lab } from './lab.ts'
import type { Packet } from './pcap.ts'
import { answers, askHost, ownType } from './responding.ts'

/** RFC 6762 sections 17 and 18: bits, sizes, compression, and what is no message at all. */

const links: readonly LinkKind[] = ['IPv6', 'IPv4']
const on = { peer: 'shared', links } as const
const onOne = { peer: 'shared', links: ['IPv6'] } as const

/** A bit that means nothing in a query has to mean nothing. */
const ignoredBit = (section: string, bits: Partial<Header>): Check => ({
  ...onOne,
  section,
  level: 'MUST',
  says: `a query is answered whatever its ${Object.keys(bits).join(' and ').toUpperCase()} is`,
  async run(lab) {
    const sent = await askHost(lab, bits)
    const answer = await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
    mustBePlain(answer.message)
  },
})

/** QR and AA, and nothing else. */
function mustBePlain({ id, aa, opcode, tc, rd, ra, z, ad, cd, rcode }: DnsMessage): void {
  must(aa === 1, 'AA is not set in an answer')
  const others = { id, opcode, tc, rd, ra, z, ad, cd, rcode }
  const set = Object.entries(others).filter(([, value]) => value !== 0)
  must(set.length === 0, `not zero in an answer: ${set.map(([key]) => key)}`)
}

const refused = (section: string, says: string, bits: Partial<Header>): Check => ({
  ...onOne,
  section,
  level: 'MUST',
  says,
  async run(lab) {
    const sent = await askHost(lab, bits)
    await lab.mustNotAnswer(sent, 'answered')
    const legacy = await askHost(lab, { ...bits, port: 0, id: 600 })
    await lab.mustNotAnswer(legacy, 'answered', (p) => p.message?.id === 600)
  },
})

const answersItsOwn = (says: string, field: keyof Header, section: string): Check => ({
  ...on,
  section,
  level: field === 'rd' ? 'SHOULD' : 'MUST',
  says,
  async run(lab) {
    const sent = await askHost(lab)
    const answer = await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
    must(answer.message[field] === 0, `${field} is ${answer.message[field]}`, [answer])
  },
})

/** The first name that is written out although it, or its end, stands before. */
function uncompressed(
  message: DnsMessage,
  isExempt: (index: number) => boolean,
): string | undefined {
  const seen = new Set<string>()
  for (const [index, { text, literal }] of message.names.entries()) {
    const labels = text.split('.')
    const written = labels.slice(0, literal).map((_, i) => labels.slice(i).join('.'))
    const again = written.find((suffix) => suffix !== '' && seen.has(suffix))
    if (again !== undefined && !isExempt(index)) return `${text} (${again})`
    for (const suffix of written) seen.add(suffix)
  }
  return undefined
}

function mustBeCompressed(packet: Packet): void {
  const wasted = packet.message && uncompressed(packet.message, () => false)
  must(wasted === undefined, `written out a second time: ${wasted}`, [packet])
}

/** More addresses than a packet holds. */
async function crowd(lab: Lab, mtu: number, count: number): Promise<string[]> {
  const link = (end: string) => ['link', 'set', end, 'mtu', String(mtu)]
  await lab.onPeer('ip', ...link('in0'))
  await lab.onTester('ip', ...link('op0'))
  const made = Array.from({ length: count }, (_, i) =>
    lab.kind === 'IPv4' ? `192.0.2.${100 + i}` : `2001:db8::${(i + 1).toString(16)}`,
  )
  const length = lab.kind === 'IPv4' ? 24 : 64
  const add = made.map((each) => `ip address add ${each}/${length} dev in0`)
  await lab.onPeer('sh', '-c', add.join(' && '))
  return made
}

/** As IPv6 and IPv4 promise for every link. */
const smallest = { IPv6: 1280, IPv4: 576 } as const

const bigger = (packets: readonly Packet[], mtu: number) =>
  packets.filter((packet) => packet.fragment || packet.size > mtu)

const crowded: Check = {
  peer: 'off',
  alters: true,
  links,
  section: '17',
  level: 'MUST',
  says: 'on a link with small packets (IPv6 1280, IPv4 576) many addresses are told without fragments',
  async run(lab) {
    const mtu = smallest[lab.family]
    const made = await crowd(lab, mtu, 60)
    await lab.boot()
    await lab.quiet()
    const sent = await askHost(lab)
    const has = () => {
      const records = lab.since(sent).flatMap(({ message }) => message?.answers ?? [])
      const told = new Set(addressesIn(records, lab.peer.host))
      return made.every((each) => told.has(each))
    }
    const all = await lab.answerTo(sent, has)
    const big = bigger(lab.since(sent), mtu)
    must(big.length === 0, `bigger than ${mtu} bytes`, big)
    must(all !== undefined, 'not all addresses were told', [sent, ...lab.since(sent)])
    const broken = lab.since(sent).filter(({ message }) => message?.trailing !== 0)
    must(broken.length === 0, 'malformed', broken)
  },
}

const crowdedStart: Check = {
  peer: 'off',
  alters: true,
  links,
  section: '17',
  level: 'MUST',
  says: 'nor are probes and announcements fragmented, where the records of each name fit a packet',
  async run(lab) {
    const mtu = smallest[lab.family]
    await crowd(lab, mtu, lab.kind === 'IPv4' ? 15 : 20)
    await lab.boot()
    const big = bigger(lab.mine(), mtu)
    must(big.length === 0, `bigger than ${mtu} bytes`, [...big, ...lab.mine()])
  },
}

/** What is no message, each in its own way. */
function garbage(host: string): Buffer[] {
  const good = query([question(host, type.ANY)])
  const counts = (...values: number[]) =>
    Buffer.from([0, 0, 0, 0, ...values.flatMap((v) => [v >> 8, v & 255])])
  const loop = Buffer.from([0xc0, 12, 0, 28, 0, 1])
  const forward = Buffer.from([0xc0, 60, 0, 28, 0, 1])
  return [
    Buffer.alloc(0),
    Buffer.from([0]),
    good.subarray(0, 11),
    good.subarray(0, 20),
    good.subarray(0, good.length - 2),
    Buffer.concat([counts(1, 0, 0, 0), loop]),
    Buffer.concat([counts(1, 0, 0, 0), forward]),
    Buffer.concat([counts(65_535, 65_535, 65_535, 65_535), good.subarray(12)]),
    Buffer.concat([counts(1, 0, 0, 0), Buffer.from([0x41, 1, 2, 3, 0, 0, 28, 0, 1])]),
    Buffer.concat([counts(1, 0, 0, 0), Buffer.from([63]), Buffer.alloc(20, 97)]),
    Buffer.concat([
      counts(0, 1, 0, 0),
      encodeName(host),
      Buffer.from([0, 28, 0, 1, 0, 0, 0, 120, 255, 255]),
    ]),
    Buffer.concat([
      counts(0, 1, 0, 0),
      encodeName(host),
      Buffer.from([0, 12, 0, 1, 0, 0, 0, 120, 0, 2, 0xc0, 255]),
    ]),
    encodeMessage({
      qr: 1,
      aa: 1,
      answers: [
        { name: host, type: type.AAAA, class: 1, flush: true, ttl: 120, rdata: Buffer.alloc(3) },
      ],
    }),
    Buffer.alloc(1400, 0xff),
  ]
}

export const formatChecks: Check[] = [
  ignoredBit('18.4', { aa: 1 }),
  ignoredBit('18.6', { rd: 1 }),
  ignoredBit('18.7', { ra: 1 }),
  ignoredBit('18.8', { z: 1 }),
  ignoredBit('18.9', { ad: 1 }),
  ignoredBit('18.10', { cd: 1 }),
  ignoredBit('18.1', { id: 4242 }),
  refused('18.3', 'a message with another opcode than zero is ignored', { opcode: 2 }),
  refused('18.11', 'a message with another rcode than zero is ignored', { rcode: 1 }),
  answersItsOwn('the id of an answer to the group is zero', 'id', '18.1'),
  answersItsOwn('TC is zero in an answer to the group', 'tc', '18.5'),
  answersItsOwn('RD is zero in an answer', 'rd', '18.6'),
  {
    ...on,
    section: '18.14',
    level: 'SHOULD',
    says: 'names are compressed wherever they can be, in answers with pointers, SRV and NSEC too',
    async run(lab) {
      const sent = await lab.ask([
        question(lab.peer.services[0] ?? '', type.PTR),
        question(lab.peer.instances[0] ?? '', type.ANY),
        question(lab.peer.host, type.MX),
      ])
      await lab.mustAnswer(sent, 'answer', answers(lab.peer.services[0] ?? ''))
      for (const packet of lab.since(sent)) mustBeCompressed(packet)
    },
  },
  {
    ...on,
    section: '18.14',
    level: 'SHOULD',
    says: 'names are compressed wherever they can be, in probes and announcements',
    run(lab) {
      for (const packet of lab.mine()) if (lab.isMulticast(packet)) mustBeCompressed(packet)
    },
  },
  {
    ...onOne,
    section: '18.14',
    level: 'MUST',
    says: 'a question whose name is compressed is understood',
    async run(lab) {
      const [first = '', ...rest] = lab.peer.host.split('.')
      // The second name is the label of the first, then a pointer to its end.
      const label = Buffer.from([first.length, ...Buffer.from(first)])
      const tail = Buffer.from([0xc0, 12])
      const header = Buffer.from([0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0])
      const unknown = Buffer.concat([encodeName(rest.join('.')), Buffer.from([0, 16, 0, 1])])
      const asked = Buffer.concat([label, tail, Buffer.from([0, ownType(lab), 0, 1])])
      const sent = await lab.send(Buffer.concat([header, unknown, asked]))
      await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
    },
  },
  {
    ...on,
    section: '18',
    level: 'MUST',
    says: 'what is no message is ignored, and the next question is answered',
    async run(lab) {
      for (const bytes of garbage(lab.peer.host)) await lab.send(bytes, { from: 1 })
      await lab.wait(200)
      await lab.quiet()
      const sent = await askHost(lab)
      await lab.mustAnswer(sent, 'answer', answers(lab.peer.host, ownType(lab)))
    },
  },
  {
    ...onOne,
    section: '17',
    level: 'MUST',
    says: 'a message as long as one may be, 9000 bytes in fragments, is understood',
    async run(lab) {
      const filler = Array.from({ length: 170 }, (_, i) => ({
        name: `filler-${String(i).padStart(4, '0')}.local`,
        type: type.TXT,
        class: 1,
        flush: false,
        ttl: 4500,
        rdata: Buffer.from([10, ...Buffer.from('0123456789')]),
      }))
      const sent = await askHost(lab, { answers: filler })
      await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
    },
  },
  {
    ...onOne,
    section: '18',
    level: 'MUST',
    says: 'bytes after the last record change nothing',
    async run(lab) {
      const asked = query([question(lab.peer.host, ownType(lab))])
      const sent = await lab.send(Buffer.concat([asked, Buffer.alloc(9, 7)]))
      await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
    },
  },
  {
    ...onOne,
    section: '18',
    level: 'MUST',
    says: 'a message without questions gets no answer',
    async run(lab) {
      await lab.mustNotAnswer(await lab.send(query([])), 'answered')
    },
  },
  {
    ...onOne,
    section: '6.3',
    level: 'MUST',
    says: 'a question is answered that stands behind many that are not for us',
    async run(lab) {
      const others = Array.from({ length: 40 }, (_, i) => question(`h${i}.local`, type.A))
      const sent = await lab.ask([...others, question(lab.peer.host, ownType(lab))])
      const answer = await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
      const ours = answer.message.answers.every((r) => sameName(r.name, lab.peer.host))
      must(ours, 'other records in it', [answer])
    },
  },
  crowded,
  crowdedStart,
]
