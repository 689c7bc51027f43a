import { type Check, type LinkKind, must, need } from './check.ts'
import { type DnsRecord, keyOf, sameName, type } from './dns.ts'
import type { Family, Lab } from './lab.ts'
import type { Packet } from './pcap.ts'

/** RFC 6762 sections 8.1-8.3 as they show on a link where nobody minds: from start to announcement. */

const links: readonly LinkKind[] = ['IPv6', 'IPv4', 'dual']
const on = { peer: 'shared', links } as const

/** What the peer sent in a family before the tester said anything. */
export function startOf(lab: Lab, family: Family): Packet[] {
  const spoke = lab.packets.find((each) => !lab.isPeers(each) && each.destinationPort === 5353)
  return lab.mine().filter((each) => each.family === family && each.at < (spoke?.at ?? Infinity))
}

export const isProbe = ({ message }: Packet) =>
  message?.qr === 0 && message.questions.length > 0 && message.authorities.length > 0

const isReverse = (name: string) => /\.(in-addr|ip6)\.arpa$/i.test(name)

interface Start {
  packets: Packet[]
  probes: Packet[]
  announcements: Packet[]
  /** Announced records of unique names. */
  unique: DnsRecord[]
}

/** Runs a check for each family of the link. */
function each(body: (start: Start, lab: Lab) => void): (lab: Lab) => void {
  return (lab) => {
    for (const family of lab.families) {
      const packets = startOf(lab, family)
      const announcements = packets.filter(
        ({ message }) => message?.qr === 1 && message.answers.some((record) => record.ttl > 0),
      )
      const records = announcements.flatMap(({ message }) => message?.answers ?? [])
      const unique = [...new Map(records.map((record) => [keyOf(record), record])).values()].filter(
        (record) => record.flush,
      )
      must(announcements.length > 0, `nothing announced over ${family}`, packets)
      body({ packets, probes: packets.filter(isProbe), announcements, unique }, lab)
    }
  }
}

/** The unique names that everybody has to probe for: of hosts and of services. */
function claimedNames({ unique }: Start): string[] {
  const names = unique.filter((record) => !isReverse(record.name)).map((record) => record.name)
  return [...new Set(names)]
}

function probesFor({ packets }: Start, name: string): Packet[] {
  return packets.filter(
    ({ message }) => message?.qr === 0 && message.questions.some((q) => sameName(q.name, name)),
  )
}

function firstAnnouncementOf({ announcements }: Start, name: string): Packet | undefined {
  return announcements.find(({ message }) =>
    message?.answers.some((record) => sameName(record.name, name)),
  )
}

function eachName(body: (name: string, start: Start, lab: Lab) => void): (lab: Lab) => void {
  return each((start, lab) => {
    const names = claimedNames(start)
    must(
      names.some((name) => sameName(name, lab.peer.host)),
      'the host name is not unique',
    )
    for (const name of names) body(name, start, lab)
  })
}

const header = (field: 'id' | 'opcode' | 'aa' | 'tc' | 'rd' | 'ra' | 'z' | 'ad' | 'cd' | 'rcode') =>
  each(({ probes }) => {
    const wrong = probes.filter(({ message }) => message?.[field] !== 0)
    must(probes.length > 0 && wrong.length === 0, `${field} is not zero in a probe`, wrong)
  })

const answerHeader = (
  field: 'id' | 'opcode' | 'tc' | 'rd' | 'ra' | 'z' | 'ad' | 'cd' | 'rcode',
  value = 0,
) =>
  each(({ announcements }) => {
    const wrong = announcements.filter(({ message }) => message?.[field] !== value)
    must(wrong.length === 0, `${field} is not ${value} in an announcement`, wrong)
  })

export const startupChecks: Check[] = [
  {
    ...on,
    section: '8.1',
    level: 'MUST',
    says: 'every host and service name is probed for three times before it is announced',
    run: eachName((name, start) => {
      const announced = need(firstAnnouncementOf(start, name), `${name} not announced`)
      const probes = probesFor(start, name).filter((probe) => probe.at < announced.at)
      must(probes.length >= 3, `${probes.length} probes for ${name}, not 3`, start.packets)
    }),
  },
  {
    ...on,
    section: '8.1',
    level: 'SHOULD',
    says: 'reverse mapping names are not probed for: whoever has the address has the name',
    run: each((start) => {
      const names = start.unique.map((record) => record.name).filter(isReverse)
      const probed = names.filter((name) => probesFor(start, name).length > 0)
      must(probed.length === 0, `probed for: ${probed[0]}`, start.packets)
    }),
  },
  {
    ...on,
    section: '8.1',
    level: 'MUST',
    says: 'probes for a name are 250 ms apart',
    run: eachName((name, start) => {
      const at = probesFor(start, name).map((probe) => probe.at)
      const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0))
      const wrong = gaps.filter((gap) => gap < 245 || gap > 450)
      must(wrong.length === 0, `probes ${wrong.join(', ')} ms apart`, start.packets)
    }),
  },
  {
    ...on,
    section: '8.1',
    level: 'MUST',
    says: 'a name is announced no sooner than 250 ms after the last probe, and then soon',
    run: eachName((name, start) => {
      const announced = need(firstAnnouncementOf(start, name), `${name} not announced`)
      const last = probesFor(start, name).findLast((probe) => probe.at < announced.at)
      const gap = announced.at - (last?.at ?? 0)
      must(gap >= 245 && gap < 700, `announced ${gap} ms after the last probe`, start.packets)
    }),
  },
  {
    ...on,
    section: '8.1',
    level: 'SHOULD',
    says: 'probes ask for type ANY in class IN',
    run: eachName((name, start) => {
      const questions = probesFor(start, name).flatMap(({ message }) => message?.questions ?? [])
      const wrong = questions.filter((q) => q.type !== type.ANY || q.class !== 1)
      must(wrong.length === 0, `a probe of another type or class`, start.probes)
    }),
  },
  {
    ...on,
    section: '8.1',
    level: 'SHOULD',
    says: 'probes welcome a unicast answer (QU)',
    run: eachName((name, start) => {
      const questions = probesFor(start, name).flatMap(({ message }) => message?.questions ?? [])
      must(
        questions.every((q) => q.unicast),
        'a probe without QU',
        start.probes,
      )
    }),
  },
  {
    ...on,
    section: '8.1',
    level: 'SHOULD',
    says: 'a probe has one question for a name',
    run: each(({ probes }) => {
      const repeats = probes.filter(({ message }) => {
        const names = message?.questions.map((q) => q.name.toLowerCase()) ?? []
        return new Set(names).size !== names.length
      })
      must(repeats.length === 0, 'a name is asked for twice in one probe', repeats)
    }),
  },
  {
    ...on,
    section: '8.1',
    level: 'SHOULD',
    says: 'one message probes for all names: never more than one in 200 ms',
    run: each(({ probes }) => {
      const close = probes.filter((p, i) => i > 0 && p.at - (probes[i - 1]?.at ?? 0) < 200)
      must(close.length === 0, 'probes for several names in several messages', probes)
    }),
  },
  {
    ...on,
    section: '8.2',
    level: 'MUST',
    says: 'a probe carries all records that will be claimed in its authority section',
    run: eachName((name, start) => {
      const claimed = start.unique.filter((record) => sameName(record.name, name))
      for (const probe of probesFor(start, name)) {
        const proposed = new Set(probe.message?.authorities.map(keyOf))
        const missing = claimed.filter((record) => !proposed.has(keyOf(record)))
        must(missing.length === 0, `${missing.length} records of ${name} not proposed`, [probe])
      }
    }),
  },
  {
    ...on,
    section: '8.2',
    level: 'MUST',
    says: 'a probe proposes nothing that is not asked for in it',
    run: each(({ probes }) => {
      for (const probe of probes) {
        const asked = probe.message?.questions.map((q) => q.name.toLowerCase()) ?? []
        const stray = probe.message?.authorities.find((r) => !asked.includes(r.name.toLowerCase()))
        must(stray === undefined, `${stray?.name} is proposed and not asked for`, [probe])
      }
    }),
  },
  {
    ...on,
    section: '10.2',
    level: 'MUST',
    says: 'no cache-flush bit in probes',
    run: each(({ probes }) => {
      const wrong = probes.filter(({ message }) =>
        [...(message?.answers ?? []), ...(message?.authorities ?? [])].some((r) => r.flush),
      )
      must(wrong.length === 0, 'the cache-flush bit is set in a query', wrong)
    }),
  },
  {
    ...on,
    section: '8.2',
    level: 'SHOULD',
    says: 'proposed records have the life that they will have',
    run: each(({ probes, unique }) => {
      const lives = new Map(unique.map((record) => [keyOf(record), record.ttl]))
      for (const probe of probes)
        for (const record of probe.message?.authorities ?? [])
          must(
            record.ttl === (lives.get(keyOf(record)) ?? record.ttl),
            `${record.name} is proposed with ttl ${record.ttl}`,
            [probe],
          )
    }),
  },
  {
    ...on,
    section: '8.3',
    level: 'MUST',
    says: 'every announced record is announced at least twice',
    async run(lab) {
      for (const family of lab.families) {
        const records = startOf(lab, family).flatMap(({ message }) =>
          message?.qr === 1 ? message.answers : [],
        )
        const times = new Map<string, number>()
        for (const record of records) times.set(keyOf(record), (times.get(keyOf(record)) ?? 0) + 1)
        const once = records.filter((record) => times.get(keyOf(record)) === 1)
        must(once.length === 0, `${once[0]?.name} is announced once`, startOf(lab, family))
      }
    },
  },
  {
    ...on,
    section: '8.3',
    level: 'MUST',
    says: 'announcements of a record are at least a second apart, and further ones twice as far',
    run: each(({ announcements, packets }) => {
      const at = new Map<string, number[]>()
      for (const packet of announcements)
        for (const record of packet.message?.answers ?? [])
          at.set(keyOf(record), [...(at.get(keyOf(record)) ?? []), packet.at])
      for (const [key, times] of at) {
        const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0))
        const early = gaps.some((gap, i) => gap < (i === 0 ? 995 : (gaps[i - 1] ?? 0) * 1.9))
        must(!early && gaps.length < 8, `${key}: announced after ${gaps.join(', ')} ms`, packets)
      }
    }),
  },
  {
    ...on,
    section: '8.3',
    level: 'MUST',
    says: 'the first announcement has all records of the host, its services and addresses, shared ones too',
    run: each(({ announcements, packets }, lab) => {
      const early = announcements.filter(({ at }) => at < (announcements[0]?.at ?? 0) + 300)
      const names = early.flatMap(({ message }) => message?.answers.map((r) => r.name) ?? [])
      const { host, instances, services, subtype } = lab.peer
      const wanted = [host, ...instances, ...services, subtype, '_services._dns-sd._udp.local']
      const missing = wanted.filter((name) => !names.some((each) => sameName(each, name)))
      must(missing.length === 0, `not announced at once: ${missing.join(', ')}`, packets)
      must(names.some(isReverse), 'no reverse mapping announced', packets)
    }),
  },
  {
    ...on,
    section: '8.3',
    level: 'SHOULD',
    says: 'all that is announced fits one message, where the link has room for it',
    run: each(({ announcements, packets }) => {
      const first = announcements[0]?.at ?? 0
      const together = announcements.filter(({ at }) => at < first + 300)
      const bytes = together.reduce((sum, { size }) => sum + size, 0)
      must(together.length === 1 || bytes > 1500, `${together.length} messages`, packets)
    }),
  },
  {
    ...on,
    section: '10.2',
    level: 'MUST',
    says: 'the cache-flush bit is set on announced addresses, SRV, TXT and reverse mappings',
    run: each(({ announcements }) => {
      const kinds: number[] = [type.A, type.AAAA, type.SRV, type.TXT]
      for (const packet of announcements) {
        const plain = packet.message?.answers.find(
          (r) => !r.flush && (kinds.includes(r.type) || isReverse(r.name)),
        )
        must(plain === undefined, `${plain?.name} without cache-flush bit`, [packet])
      }
    }),
  },
  {
    ...on,
    section: '10.2',
    level: 'MUST',
    says: 'the cache-flush bit is not set on announced shared records',
    run: each(({ announcements }) => {
      for (const packet of announcements) {
        const wrong = packet.message?.answers.find(
          (r) => r.flush && r.type === type.PTR && !isReverse(r.name),
        )
        must(wrong === undefined, `${wrong?.name} with cache-flush bit`, [packet])
      }
    }),
  },
  {
    ...on,
    section: '10.2',
    level: 'MUST',
    says: 'all addresses of the host are announced in one message',
    run: each(({ announcements, packets }, lab) => {
      const sets = announcements.map(
        ({ message }) => message?.answers.filter((r) => sameName(r.name, lab.peer.host)).length,
      )
      const used = sets.filter((size) => size !== 0)
      must(new Set(used).size === 1, `messages with ${used.join(', ')} of them`, packets)
    }),
  },
  {
    ...on,
    section: '10',
    level: 'SHOULD',
    says: 'records that name a host live 120 s',
    run: each(({ announcements }) => {
      const kinds: number[] = [type.A, type.AAAA, type.SRV]
      for (const packet of announcements)
        for (const record of packet.message?.answers ?? [])
          if (kinds.includes(record.type) || isReverse(record.name))
            must(record.ttl === 120, `${record.name} has ttl ${record.ttl}`, [packet])
    }),
  },
  {
    ...on,
    section: '10',
    level: 'SHOULD',
    says: 'the other records live 4500 s',
    run: each(({ announcements }) => {
      for (const packet of announcements)
        for (const record of packet.message?.answers ?? [])
          if (record.type === type.TXT || (record.type === type.PTR && !isReverse(record.name)))
            must(record.ttl === 4500, `${record.name} has ttl ${record.ttl}`, [packet])
    }),
  },
  {
    ...on,
    section: '6',
    level: 'MUST',
    says: 'an announcement has no question in it',
    run: each(({ announcements }) => {
      const wrong = announcements.filter(({ message }) => message?.questions.length !== 0)
      must(wrong.length === 0, 'questions in an announcement', wrong)
    }),
  },
  {
    ...on,
    section: '5.2',
    level: 'MUST',
    says: 'probes and announcements go from port 5353 to port 5353 of the group',
    run: each(({ packets }, lab) => {
      const wrong = packets.filter(
        (p) => p.sourcePort !== 5353 || p.destinationPort !== 5353 || !lab.isMulticast(p),
      )
      must(wrong.length === 0, 'another port or destination', wrong)
    }),
  },
  {
    ...on,
    section: '11',
    level: 'SHOULD',
    says: 'probes and announcements have a hop limit of 255',
    run: each(({ packets }) => {
      const wrong = packets.filter((packet) => packet.hops !== 255)
      must(wrong.length === 0, `hop limit ${wrong[0]?.hops}`, wrong)
    }),
  },
  {
    ...on,
    section: '17',
    level: 'MUST',
    says: 'no packet is bigger than the link allows, and none is fragmented',
    run: each(({ packets }) => {
      const wrong = packets.filter((packet) => packet.fragment || packet.size > 1500)
      must(wrong.length === 0, 'fragmented', wrong)
    }),
  },
  {
    ...on,
    section: '18',
    level: 'MUST',
    says: 'every message of the start is well formed to the last byte',
    run: each(({ packets }) => {
      const wrong = packets.filter(({ message }) => message?.trailing !== 0)
      must(wrong.length === 0, wrong[0]?.malformed ?? 'bytes after the last record', wrong)
    }),
  },
  {
    ...on,
    section: '20',
    level: 'MUST',
    says: 'what is announced over one family is announced over the other as well',
    links: ['dual'],
    run(lab) {
      const names = lab.families.map((family) =>
        [...new Set(lab.announced(family).map(keyOf))].sort().join('\n'),
      )
      must(names[0] === names[1], 'IPv4 and IPv6 were told different records')
    },
  },
  {
    ...on,
    section: '18.1',
    level: 'SHOULD',
    says: 'the id of a multicast query is zero',
    run: header('id'),
  },
  {
    ...on,
    section: '18.3',
    level: 'MUST',
    says: 'the opcode of a query is zero',
    run: header('opcode'),
  },
  { ...on, section: '18.4', level: 'MUST', says: 'AA is zero in a query', run: header('aa') },
  {
    ...on,
    section: '18.5',
    level: 'MUST',
    says: 'TC is zero in a query without more known answers to come',
    run: header('tc'),
  },
  { ...on, section: '18.6', level: 'SHOULD', says: 'RD is zero in a query', run: header('rd') },
  { ...on, section: '18.7', level: 'MUST', says: 'RA is zero in a query', run: header('ra') },
  { ...on, section: '18.8', level: 'MUST', says: 'Z is zero in a query', run: header('z') },
  { ...on, section: '18.9', level: 'MUST', says: 'AD is zero in a query', run: header('ad') },
  { ...on, section: '18.10', level: 'MUST', says: 'CD is zero in a query', run: header('cd') },
  {
    ...on,
    section: '18.11',
    level: 'MUST',
    says: 'the rcode of a query is zero',
    run: header('rcode'),
  },
  {
    ...on,
    section: '18.1',
    level: 'MUST',
    says: 'the id of an announcement is zero',
    run: answerHeader('id'),
  },
  {
    ...on,
    section: '18.4',
    level: 'MUST',
    says: 'AA is one in an announcement',
    run: each(({ announcements }) => {
      const wrong = announcements.filter(({ message }) => message?.aa !== 1)
      must(wrong.length === 0, 'AA is not set', wrong)
    }),
  },
  {
    ...on,
    section: '18.3',
    level: 'MUST',
    says: 'the opcode of a response is zero',
    run: answerHeader('opcode'),
  },
  {
    ...on,
    section: '18.5',
    level: 'MUST',
    says: 'TC is zero in a response',
    run: answerHeader('tc'),
  },
  {
    ...on,
    section: '18.6',
    level: 'SHOULD',
    says: 'RD is zero in a response',
    run: answerHeader('rd'),
  },
  {
    ...on,
    section: '18.7',
    level: 'MUST',
    says: 'RA is zero in a response',
    run: answerHeader('ra'),
  },
  {
    ...on,
    section: '18.8',
    level: 'MUST',
    says: 'Z is zero in a response',
    run: answerHeader('z'),
  },
  {
    ...on,
    section: '18.9',
    level: 'MUST',
    says: 'AD is zero in a response',
    run: answerHeader('ad'),
  },
  {
    ...on,
    section: '18.10',
    level: 'MUST',
    says: 'CD is zero in a response',
    run: answerHeader('cd'),
  },
  {
    ...on,
    section: '18.11',
    level: 'MUST',
    says: 'the rcode of a response is zero',
    run: answerHeader('rcode'),
  },
]
