import { reverseNameOf } from './bytes.ts'
import { type Check, type LinkKind, must, need } from './check.ts'
import { type DnsRecord, keyOf, sameName, type } from './dns.ts'
import { question } from './encode.ts'
import { addressesIn, type Lab } from './lab.ts'
import { answers, ownType } from './responding.ts'

/** RFC 6763: services, how they are found, and what comes along. */

const links: readonly LinkKind[] = ['IPv6', 'IPv4']
const on = { peer: 'shared', links } as const
const onOne = { peer: 'shared', links: ['IPv6'] } as const
const enumeration = '_services._dns-sd._udp.local'

/** Asks for one type of a name and gives the answer. */
async function asked(lab: Lab, name: string, kind: number) {
  const sent = await lab.ask(question(name, kind))
  return lab.mustAnswer(sent, name, answers(name, kind))
}

/** The pairs of a TXT record as they stand there. */
function stringsOf({ rdata }: DnsRecord): string[] {
  const strings: string[] = []
  for (let at = 0; at < rdata.length; ) {
    const length = rdata[at] ?? 0
    must(at + 1 + length <= rdata.length, 'a string of TXT is longer than the record')
    strings.push(rdata.toString('utf8', at + 1, at + 1 + length))
    at += 1 + length
  }
  return strings
}

const keyIn = (string: string) => (string.split('=')[0] ?? '').toLowerCase()

const textCheck = (
  section: string,
  level: Check['level'],
  says: string,
  judge: (record: DnsRecord, strings: string[]) => void,
): Check => ({
  ...onOne,
  section: `6763:${section}`,
  level,
  says,
  run(lab) {
    for (const instance of lab.peer.instances) {
      const record = lab.record(instance, type.TXT)
      judge(record, stringsOf(record))
    }
  },
})

/** That an answer brings along what the asker will want next. */
async function bringsService(lab: Lab, name: string): Promise<void> {
  const answer = await asked(lab, name, type.PTR)
  const { answers: said, additionals } = answer.message
  const target = said.find((r) => sameName(r.name, name))?.target?.text ?? ''
  const all = [...said, ...additionals]
  for (const kind of [type.SRV, type.TXT])
    must(
      all.some((r) => r.type === kind && sameName(r.name, target)),
      `type ${kind} of ${target} is not with it`,
      [answer],
    )
  const host = all.find((r) => r.type === type.SRV)?.target?.text ?? ''
  must(
    all.some((r) => r.type === ownType(lab) && sameName(r.name, host)),
    `no address of ${host} with it`,
    [answer],
  )
}

export const serviceChecks: Check[] = [
  {
    ...on,
    section: '6763:4.1',
    level: 'MUST',
    says: 'browsing for a type gives its instance, as Instance.Type.Domain',
    async run(lab) {
      for (const [i, service] of lab.peer.services.entries()) {
        const answer = await asked(lab, service, type.PTR)
        const target = answer.message.answers[0]?.target?.text
        must(target === lab.peer.instances[i], `${target}`, [answer])
      }
    },
  },
  {
    ...on,
    section: '6763:5',
    level: 'MUST',
    says: 'SRV of an instance has the port of the service and a host that has addresses',
    async run(lab) {
      for (const instance of lab.peer.instances) {
        await lab.quiet()
        const answer = await asked(lab, instance, type.SRV)
        const record = answer.message.answers.find((each) => each.type === type.SRV)
        must(record?.rdata.readUInt16BE(4) === 22, 'another port', [answer])
        const host = record.target?.text ?? ''
        must(sameName(host, lab.peer.host), `SRV to ${host}`, [answer])
        must(
          lab.announced().some((r) => r.type === ownType(lab) && sameName(r.name, host)),
          'no address',
        )
      }
    },
  },
  {
    ...onOne,
    section: '6763:5',
    level: 'SHOULD',
    says: 'SRV without a reason for others has priority and weight zero',
    run(lab) {
      const record = lab.record(lab.peer.instances[0] ?? '', type.SRV)
      must(record.rdata.readUInt32BE(0) === 0, 'priority or weight is not zero')
    },
  },
  {
    ...on,
    section: '6763:6',
    level: 'MUST',
    says: 'each instance has exactly one TXT record, of the same name as its SRV',
    async run(lab) {
      for (const instance of lab.peer.instances) {
        await lab.quiet()
        const answer = await asked(lab, instance, type.TXT)
        const records = answer.message.answers.filter((r) => r.type === type.TXT)
        must(new Set(records.map(keyOf)).size === 1, `${records.length} of them`, [answer])
      }
    },
  },
  textCheck(
    '6.1',
    'MUST',
    'TXT is made of strings that fill it exactly, one at least',
    (record, strings) => {
      must(record.rdata.length >= 1 && strings.length >= 1, 'an empty TXT record')
    },
  ),
  textCheck('6.1', 'MUST', 'no string of TXT is empty among others', (_, strings) =>
    must(strings.length === 1 || strings.every((each) => each.length > 0), 'an empty string'),
  ),
  textCheck('6.2', 'SHOULD', 'TXT has 1300 bytes at most', ({ rdata }) =>
    must(rdata.length <= 1300, `${rdata.length} bytes`),
  ),
  textCheck(
    '6.4',
    'MUST',
    'keys of TXT are printable ASCII, without =, and not empty',
    (_, strings) => {
      const wrong = strings.find((each) => !/^[\x20-\x3c\x3e-\x7e]+(=|$)/.test(each))
      must(wrong === undefined, `'${wrong}'`)
    },
  ),
  textCheck('6.4', 'SHOULD', 'keys of TXT have nine characters at most', (_, strings) => {
    const long = strings.find((each) => keyIn(each).length > 9)
    must(long === undefined, `'${long}'`)
  }),
  textCheck('6.4', 'SHOULD', 'no key stands in a TXT record twice', (_, strings) => {
    const keys = strings.map(keyIn)
    const twice = keys.find((key, i) => keys.indexOf(key) !== i)
    must(twice === undefined, `'${twice}' stands there twice: ${strings.join(' ')}`)
  }),
  textCheck('6.7', 'SHOULD', 'txtvers comes first in TXT', (_, strings) => {
    must(/^txtvers=\d+$/.test(strings[0] ?? ''), `${strings[0]} comes first`)
  }),
  {
    ...on,
    section: '6763:7.1',
    level: 'MUST',
    says: 'browsing for the subtype gives the instance under the name of its type',
    async run(lab) {
      const answer = await asked(lab, lab.peer.subtype, type.PTR)
      const target = answer.message.answers[0]?.target?.text
      must(target === lab.peer.instances[0], `${target}`, [answer])
    },
  },
  {
    ...on,
    section: '6763:9',
    level: 'MUST',
    says: 'the enumeration gives each type once, as Type.Domain, and no subtype',
    async run(lab) {
      const answer = await asked(lab, enumeration, type.PTR)
      const targets = answer.message.answers.map((r) => r.target?.text).sort()
      const wanted = [...lab.peer.services].sort()
      must(`${targets}` === `${wanted}`, `${targets}`, [answer])
    },
  },
  {
    ...on,
    section: '6763:12.1',
    level: 'SHOULD',
    says: 'a pointer brings SRV, TXT and the addresses of the host',
    run: (lab) => bringsService(lab, lab.peer.services[0] ?? ''),
  },
  {
    ...onOne,
    section: '6763:12.1',
    level: 'SHOULD',
    says: 'a pointer of a subtype brings the same',
    run: (lab) => bringsService(lab, lab.peer.subtype),
  },
  {
    ...on,
    section: '6763:12.2',
    level: 'SHOULD',
    says: 'SRV brings the addresses of the host',
    async run(lab) {
      const answer = await asked(lab, lab.peer.instances[0] ?? '', type.SRV)
      const all = [...answer.message.answers, ...answer.message.additionals]
      must(addressesIn(all, lab.peer.host).length > 0, 'no address with it', [answer])
    },
  },
  {
    ...onOne,
    section: '6763:12',
    level: 'SHOULD',
    says: 'what comes along has its full life and its cache-flush bit',
    async run(lab) {
      const answer = await asked(lab, lab.peer.services[0] ?? '', type.PTR)
      for (const record of answer.message.additionals) {
        const shared = record.type === type.PTR && !/\.arpa$/.test(record.name)
        must(record.flush === !shared, `${record.name}: cache-flush bit`, [answer])
        const life = record.type === type.TXT || shared ? 4500 : 120
        must(record.ttl === life, `${record.name}: ttl ${record.ttl}`, [answer])
      }
    },
  },
  {
    ...on,
    section: '4',
    level: 'MUST',
    says: 'the reverse name of each address is answered with the host',
    async run(lab) {
      for (const address of await lab.addresses()) {
        if (address.includes(':') === (lab.kind === 'IPv4')) continue
        await lab.quiet()
        const name = reverseNameOf(address)
        const answer = await asked(lab, name, type.PTR)
        const record = need(
          answer.message.answers.find((r) => sameName(r.name, name)),
          'no pointer',
        )
        must(sameName(record.target?.text ?? '', lab.peer.host), 'another host', [answer])
        must(record.flush && record.ttl === 120, 'life or cache-flush bit', [answer])
      }
    },
  },
  {
    ...onOne,
    section: '6763:4.1',
    level: 'MUST',
    says: 'a type, a subtype or an instance that is not there is not answered for',
    async run(lab) {
      for (const name of ['_http._tcp.local', '_printer._sub._ssh._tcp.local', '_ssh._udp.local']) {
        const sent = await lab.ask(question(name, type.PTR))
        await lab.mustNotAnswer(sent, `${name} was answered for`)
      }
    },
  },
]
