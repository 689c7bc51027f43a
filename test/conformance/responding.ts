import { reverseNameOf } from './bytes.ts'
import { type Check, type LinkKind, must, need } from './check.ts'
import { bitmapOf, type DnsRecord, recordText, sameName, type } from './dns.ts'
import { address, question, raw } from './encode.ts'
import { addressesIn, type Lab } from './lab.ts'
import type { Packet } from './pcap.ts'

/** RFC 6762 section 6: which questions are answered, with what, how soon and how often. */

const links: readonly LinkKind[] = ['IPv6', 'IPv4', 'dual']
const on = { peer: 'shared', links } as const
const onOne = { peer: 'shared', links: ['IPv6'] } as const

/** The type of the addresses that a link has. */
export const ownType = (lab: Lab) => (lab.kind === 'IPv4' ? type.A : type.AAAA)

export const answers = (name: string, kind?: number) => (packet: Packet) =>
  (packet.message?.answers ?? []).some(
    (each) => sameName(each.name, name) && (kind === undefined || each.type === kind),
  )

export const askHost = (lab: Lab, options: Parameters<Lab['ask']>[1] = {}) =>
  lab.ask(question(lab.peer.host, ownType(lab)), options)

const noDelayMs = 10

/** NSEC in answer to a question of a type that a name lacks. */
async function nsecFor(lab: Lab, name: string, kind: number): Promise<[DnsRecord, Packet]> {
  const sent = await lab.ask(question(name, kind))
  const answer = await lab.mustAnswer(sent, `NSEC of ${name} for type ${kind}`, answers(name))
  const nsec = answer.message.answers.find((r) => r.type === type.NSEC && sameName(r.name, name))
  must(nsec !== undefined, `no NSEC of ${name} in the answer for type ${kind}`, [sent, answer])
  return [nsec, answer]
}

const lacks = (
  says: string,
  kind: number,
  name: (lab: Lab) => string | Promise<string>,
): Check => ({
  ...onOne,
  section: '6.1',
  level: 'MUST',
  says,
  async run(lab) {
    const of = await name(lab)
    const [nsec, answer] = await nsecFor(lab, of, kind)
    must(!bitmapOf(nsec).types.includes(kind), 'NSEC says that the type exists', [answer])
  },
})

const host = (lab: Lab) => lab.peer.host
const instance = (lab: Lab) => lab.peer.instances[0] ?? ''
const browsed = (lab: Lab) => lab.peer.services[0] ?? ''

export const respondingChecks: Check[] = [
  {
    ...on,
    section: '6',
    level: 'MUST',
    says: 'a question for the host is answered with every address of that type that the link has',
    async run(lab) {
      const kinds = lab.kind === 'dual' ? [type.A, type.AAAA] : [ownType(lab)]
      for (const kind of kinds) {
        await lab.quiet()
        const sent = await lab.ask(question(lab.peer.host, kind))
        const answer = await lab.mustAnswer(sent, 'addresses', answers(lab.peer.host, kind))
        const isKind = (each: string) => each.includes(':') === (kind === type.AAAA)
        const wanted = (await lab.addresses()).filter(isKind).sort()
        const got = addressesIn(answer.message.answers, lab.peer.host).filter(isKind).sort()
        must(`${got}` === `${wanted}`, `the kernel has ${wanted}, the answer ${got}`, [answer])
      }
    },
  },
  {
    ...on,
    section: '6',
    level: 'MUST',
    says: 'an answer to the group goes from port 5353 to port 5353 of the group',
    async run(lab) {
      for (const family of lab.families) {
        await lab.quiet()
        const sent = await askHost(lab, { family })
        const answer = await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
        const { sourcePort, destinationPort } = answer
        const right = lab.isMulticast(answer) && sourcePort === 5353 && destinationPort === 5353
        must(right && answer.family === family, 'not to the group', [sent, answer])
      }
    },
  },
  {
    ...on,
    section: '20',
    level: 'MUST',
    says: 'a question is answered over the family that it came by, not over the other',
    links: ['dual'],
    async run(lab) {
      for (const family of lab.families) {
        await lab.quiet()
        const sent = await askHost(lab, { family })
        await lab.mustAnswer(sent, 'answer', (p) => p.family === family)
        await lab.mustNotAnswer(sent, 'answered over the other', (p) => p.family !== family)
      }
    },
  },
  {
    ...on,
    section: '6',
    level: 'SHOULD',
    says: 'an answer that is ours alone is sent without delay',
    async run(lab) {
      const delays: number[] = []
      for (let i = 0; i < 4; i++) {
        await lab.quiet()
        const sent = await askHost(lab)
        const answer = await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
        delays.push(answer.at - sent.at)
        if (Math.min(...delays) <= noDelayMs) return
      }
      must(false, `answered after ${delays.map((ms) => ms.toFixed(1)).join(', ')} ms`)
    },
  },
  {
    ...on,
    section: '6',
    level: 'SHOULD',
    says: 'a shared answer is delayed by 20-120 ms, at random',
    async run(lab) {
      const delays: number[] = []
      for (let i = 0; i < 5; i++) {
        await lab.quiet()
        const sent = await lab.ask(question(browsed(lab), type.PTR))
        const answer = await lab.mustAnswer(sent, 'answer', answers(browsed(lab)))
        delays.push(answer.at - sent.at)
      }
      const shown = delays.map((ms) => ms.toFixed(1)).join(', ')
      must(Math.min(...delays) >= 19.5, `sooner than 20 ms: ${shown}`)
      must(Math.min(...delays) <= 125, `later than 120 ms: ${shown}`)
      must(Math.max(...delays) - Math.min(...delays) > 4, `not at random: ${shown}`)
    },
  },
  {
    ...on,
    section: '6',
    level: 'MUST',
    says: 'type ANY is answered with all records of the name',
    async run(lab) {
      for (const name of [lab.peer.host, instance(lab)]) {
        await lab.quiet()
        const sent = await lab.ask(question(name, type.ANY))
        const answer = await lab.mustAnswer(sent, `ANY of ${name}`, answers(name))
        const wanted = lab.announced().filter((record) => sameName(record.name, name))
        const got = answer.message.answers.filter((record) => sameName(record.name, name))
        const missing = wanted.filter(
          (each) => !got.some((r) => r.type === each.type && r.rdata.equals(each.rdata)),
        )
        must(missing.length === 0, `lacks ${missing.map(recordText)}`, [sent, answer])
      }
    },
  },
  {
    ...onOne,
    section: '6',
    level: 'MUST',
    says: 'type ANY of a shared name is answered with its pointers',
    async run(lab) {
      const sent = await lab.ask(question(browsed(lab), type.ANY))
      await lab.mustAnswer(sent, 'ANY', answers(browsed(lab), type.PTR))
    },
  },
  {
    ...on,
    section: '6',
    level: 'MUST',
    says: 'class ANY is answered like class IN',
    async run(lab) {
      const sent = await lab.ask(question(lab.peer.host, ownType(lab), { class: 255 }))
      await lab.mustAnswer(sent, 'class ANY', answers(lab.peer.host, ownType(lab)))
    },
  },
  {
    ...onOne,
    section: '6',
    level: 'MUST',
    says: 'type ANY in class ANY is answered',
    async run(lab) {
      const sent = await lab.ask(question(lab.peer.host, type.ANY, { class: 255 }))
      await lab.mustAnswer(sent, 'ANY ANY', answers(lab.peer.host, ownType(lab)))
    },
  },
  {
    ...onOne,
    section: '6',
    level: 'MUST',
    says: 'a question in another class is not answered',
    async run(lab) {
      for (const kind of [type.AAAA, type.ANY, type.TXT]) {
        const sent = await lab.ask(question(lab.peer.host, kind, { class: 3 }))
        await lab.mustNotAnswer(sent, 'class CH was answered')
      }
    },
  },
  {
    ...on,
    section: '16',
    level: 'MUST',
    says: 'names are compared without regard to case',
    async run(lab) {
      const sent = await lab.ask(question(lab.peer.host.toUpperCase(), ownType(lab)))
      await lab.mustAnswer(sent, 'upper case', answers(lab.peer.host))
      const shared = await lab.ask(question(browsed(lab).toUpperCase(), type.PTR))
      await lab.mustAnswer(shared, 'upper case, shared', answers(browsed(lab)))
    },
  },
  {
    ...onOne,
    section: '16',
    level: 'SHOULD',
    says: 'the case of a name is kept in answers',
    async run(lab) {
      const sent = await lab.ask(question(lab.peer.host.toLowerCase(), ownType(lab)))
      const answer = await lab.mustAnswer(sent, 'lower case', answers(lab.peer.host))
      const name = answer.message.answers[0]?.name
      must(name === lab.peer.host, `${name} for ${lab.peer.host}`, [answer])
    },
  },
  {
    ...onOne,
    section: '6',
    level: 'MUST',
    says: 'a name of somebody else is not answered for',
    async run(lab) {
      for (const name of ['somebody.local', 'local', 'NixOS', 'x.NixOS.local', 'NixOS.example'])
        for (const kind of [type.AAAA, type.ANY]) {
          const sent = await lab.ask(question(name, kind))
          await lab.mustNotAnswer(sent, `${name} was answered`, () => true, 140)
        }
    },
  },
  {
    ...onOne,
    section: '6.1',
    level: 'MUST',
    says: 'nothing negative is said of a shared name',
    async run(lab) {
      for (const name of [browsed(lab), lab.peer.subtype, '_services._dns-sd._udp.local']) {
        const sent = await lab.ask(question(name, type.AAAA))
        await lab.mustNotAnswer(sent, `a negative answer for ${name}`)
      }
    },
  },
  {
    ...on,
    section: '6.1',
    level: 'MUST',
    says: 'an address type that the link does not have is denied by NSEC',
    links: ['IPv6', 'IPv4'],
    async run(lab) {
      const absent = lab.kind === 'IPv4' ? type.AAAA : type.A
      const [nsec, answer] = await nsecFor(lab, lab.peer.host, absent)
      must(!bitmapOf(nsec).types.includes(absent), 'NSEC says that it exists', [answer])
      must(bitmapOf(nsec).types.includes(ownType(lab)), 'NSEC denies what exists', [answer])
    },
  },
  lacks('NSEC for a TXT record that a host does not have', type.TXT, host),
  lacks('NSEC for an MX record that a host does not have', type.MX, host),
  lacks('NSEC for a type that nobody knows', 65_400, host),
  lacks('NSEC for a type above the first window', 300, host),
  lacks('NSEC for an address of a service instance', type.AAAA, instance),
  lacks('NSEC for another type of a reverse name', type.TXT, async (lab) =>
    reverseNameOf(await lab.addressOf(lab.family)),
  ),
  {
    ...on,
    section: '6.1',
    level: 'MUST',
    says: 'the next domain of an NSEC record is its own name',
    async run(lab) {
      const [nsec, answer] = await nsecFor(lab, lab.peer.host, type.TXT)
      must(sameName(nsec.target?.text ?? '', nsec.name), 'another next domain', [answer])
    },
  },
  {
    ...on,
    section: '6.1',
    level: 'MUST',
    says: 'an NSEC record has one window, 0, of 1-32 bytes, with the types that exist',
    async run(lab) {
      const [nsec, answer] = await nsecFor(lab, lab.peer.host, type.TXT)
      const { windows, types } = bitmapOf(nsec)
      const exist = lab.announced().filter((r) => sameName(r.name, lab.peer.host))
      const kinds = exist.map((r) => r.type).filter((each) => each !== type.NSEC)
      const wanted = [...new Set(kinds)].sort((a, b) => a - b)
      must(`${windows}` === '0', `windows ${windows}`, [answer])
      const got = types.filter((each) => each !== type.NSEC)
      must(`${got}` === `${wanted}`, `types ${types} for ${wanted}`, [answer])
    },
  },
  {
    ...onOne,
    section: '6.1',
    level: 'MUST',
    says: 'NSEC of a service instance lists SRV and TXT',
    async run(lab) {
      const [nsec, answer] = await nsecFor(lab, instance(lab), type.A)
      const types = bitmapOf(nsec).types.filter((each) => each !== type.NSEC)
      must(`${types}` === `${[type.TXT, type.SRV]}`, `types ${types}`, [answer])
    },
  },
  {
    ...onOne,
    section: '6.1',
    level: 'SHOULD',
    says: 'NSEC lives as long as the record would',
    async run(lab) {
      const [nsec, answer] = await nsecFor(lab, lab.peer.host, type.A)
      must(nsec.ttl === 120, `ttl ${nsec.ttl}`, [answer])
    },
  },
  {
    ...onOne,
    section: '10.2',
    level: 'MUST',
    says: 'NSEC has the cache-flush bit, because it is of a unique name',
    async run(lab) {
      const [nsec, answer] = await nsecFor(lab, lab.peer.host, type.A)
      must(nsec.flush, 'without cache-flush bit', [answer])
    },
  },
  {
    ...onOne,
    section: '6.1',
    level: 'MUST',
    says: 'NSEC is said at once, as every answer that is ours alone',
    async run(lab) {
      const delays: number[] = []
      for (let i = 0; i < 3; i++) {
        await lab.quiet()
        const sent = await lab.ask(question(lab.peer.host, type.MX))
        const answer = await lab.mustAnswer(sent, 'NSEC', answers(lab.peer.host, type.NSEC))
        delays.push(answer.at - sent.at)
        if (Math.min(...delays) <= noDelayMs) return
      }
      must(false, `after ${delays} ms`)
    },
  },
  {
    ...on,
    section: '6.2',
    level: 'SHOULD',
    says: 'addresses of the other family, or NSEC for them, come along with addresses',
    async run(lab) {
      const sent = await askHost(lab)
      const answer = await lab.mustAnswer(sent, 'addresses', answers(lab.peer.host))
      const other = lab.kind === 'IPv4' ? type.AAAA : type.A
      const wanted = lab.kind === 'dual' ? type.A : type.NSEC
      const all = [...answer.message.answers, ...answer.message.additionals]
      const has = all.some((r) => sameName(r.name, lab.peer.host) && r.type === wanted)
      must(has, `nothing about type ${other}`, [answer])
    },
  },
  {
    ...on,
    section: '6.2',
    level: 'SHOULD',
    says: 'IPv6 addresses come along with IPv4 ones',
    links: ['dual'],
    async run(lab) {
      const sent = await lab.ask(question(lab.peer.host, type.A))
      const answer = await lab.mustAnswer(sent, 'A', answers(lab.peer.host, type.A))
      const all = [...answer.message.answers, ...answer.message.additionals]
      const wanted = (await lab.addresses()).filter((each) => each.includes(':'))
      const got = addressesIn(all, lab.peer.host)
      must(
        wanted.every((each) => got.includes(each)),
        `${wanted} not all in ${got}`,
        [answer],
      )
    },
  },
  {
    ...onOne,
    section: '6.1',
    level: 'MUST',
    says: 'A and AAAA asked for at once are answered by what there is and NSEC for what there is not',
    async run(lab) {
      const sent = await lab.ask([
        question(lab.peer.host, type.A),
        question(lab.peer.host, type.AAAA),
      ])
      const answer = await lab.mustAnswer(sent, 'AAAA', answers(lab.peer.host, type.AAAA))
      const all = [...answer.message.answers, ...answer.message.additionals]
      must(
        all.some((r) => r.type === type.NSEC && sameName(r.name, lab.peer.host)),
        'no NSEC',
        [answer],
      )
    },
  },
  {
    ...onOne,
    section: '6.1',
    level: 'MUST',
    says: 'NSEC is given to who asks directly or welcomes unicast, too',
    async run(lab) {
      const to = await lab.addressOf(lab.family)
      const direct = await lab.ask(question(lab.peer.host, type.MX), { to })
      await lab.mustAnswer(direct, 'direct', answers(lab.peer.host, type.NSEC))
      await lab.quiet()
      const unicast = await lab.ask(question(lab.peer.host, type.MX, { unicast: true }))
      await lab.mustAnswer(unicast, 'QU', answers(lab.peer.host, type.NSEC))
    },
  },
  {
    ...onOne,
    section: '6.1',
    level: 'MUST',
    says: 'no NSEC, but the records, when type ANY is asked for',
    async run(lab) {
      const sent = await lab.ask(question(lab.peer.host, type.ANY))
      const answer = await lab.mustAnswer(sent, 'ANY', answers(lab.peer.host, ownType(lab)))
      const denied = answer.message.answers.filter(
        (r) => r.type === type.NSEC && bitmapOf(r).types.length === 0,
      )
      must(denied.length === 0, 'an empty NSEC', [answer])
    },
  },
  {
    ...on,
    section: '6.3',
    level: 'MUST',
    says: 'each of several questions in a message is answered',
    async run(lab) {
      const names = [lab.peer.host, instance(lab), browsed(lab)]
      const sent = await lab.ask([
        question(names[0] ?? '', ownType(lab)),
        question(names[1] ?? '', type.TXT),
        question(names[2] ?? '', type.PTR),
      ])
      for (const name of names) await lab.mustAnswer(sent, name, answers(name))
    },
  },
  {
    ...onOne,
    section: '6.4',
    level: 'SHOULD',
    says: 'several questions in a message are answered by one message',
    async run(lab) {
      const sent = await lab.ask([
        question(lab.peer.host, ownType(lab)),
        question(instance(lab), type.SRV),
        question(instance(lab), type.TXT),
      ])
      await lab.mustAnswer(sent, 'SRV', answers(instance(lab)))
      const answer = await lab.mustAnswer(sent, 'address', answers(lab.peer.host))
      const { answers: said } = answer.message
      const has = [lab.peer.host, instance(lab)].every((n) => said.some((r) => sameName(r.name, n)))
      must(has, 'in several messages', lab.since(sent))
    },
  },
  {
    ...onOne,
    section: '6.4',
    level: 'SHOULD',
    says: 'answers that are delayed anyway are put together into one message',
    async run(lab) {
      const [one = '', two = ''] = lab.peer.services
      const sent = await lab.ask(question(one, type.PTR))
      await lab.ask(question(two, type.PTR), { from: 1 })
      await lab.mustAnswer(sent, one, answers(one))
      await lab.mustAnswer(sent, two, answers(two))
      const replies = lab.since(sent).filter((p) => answers(one)(p) || answers(two)(p))
      must(replies.length === 1, `${replies.length} messages`, replies)
    },
  },
  {
    ...onOne,
    section: '6.3',
    level: 'MUST',
    says: 'two hosts that ask the same at once get one answer',
    async run(lab) {
      const sent = await lab.ask(question(browsed(lab), type.PTR))
      await lab.ask(question(browsed(lab), type.PTR), { from: 1 })
      await lab.mustAnswer(sent, 'answer', answers(browsed(lab)))
      const repeat = (p: Packet) => answers(browsed(lab))(p) && lab.isMulticast(p)
      await lab.wait(300)
      const replies = lab.since(sent).filter(repeat)
      must(replies.length === 1, `${replies.length} answers`, replies)
    },
  },
  {
    ...on,
    section: '6',
    level: 'MUST',
    says: 'a unique record is not multicast twice within a second',
    async run(lab) {
      const sent = await askHost(lab)
      const first = await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
      const again = await askHost(lab, { from: 1 })
      const repeated = (p: Packet) => lab.isMulticast(p) && answers(lab.peer.host, ownType(lab))(p)
      await lab.mustNotAnswer(again, `again within ${again.at - first.at} ms`, repeated, 400)
    },
  },
  {
    ...on,
    section: '6',
    level: 'MUST',
    says: 'a shared record is not multicast twice within a second',
    async run(lab) {
      const sent = await lab.ask(question(browsed(lab), type.PTR))
      const first = await lab.mustAnswer(sent, 'answer', answers(browsed(lab)))
      const again = await lab.ask(question(browsed(lab), type.PTR), { from: 1 })
      const repeated = (p: Packet) => lab.isMulticast(p) && answers(browsed(lab))(p)
      await lab.mustNotAnswer(again, `again within ${again.at - first.at} ms`, repeated, 400)
    },
  },
  {
    ...onOne,
    section: '6',
    level: 'MUST',
    says: 'no record at all, also an additional one, is multicast twice within a second',
    async run(lab) {
      const sent = await lab.ask(question(browsed(lab), type.PTR))
      const first = await lab.mustAnswer(sent, 'answer', answers(browsed(lab)))
      const again = await lab.ask(question(instance(lab), type.SRV), { from: 1 })
      const host = await askHost(lab, { from: 2 })
      await lab.wait(150)
      const told = new Set([...first.message.answers, ...first.message.additionals].map(recordText))
      const replies = lab.since(first).filter((p) => lab.isMulticast(p) && p.at < first.at + 995)
      const twice = replies.flatMap(({ message }) =>
        [...(message?.answers ?? []), ...(message?.additionals ?? [])].filter((r) =>
          told.has(recordText(r)),
        ),
      )
      must(twice.length === 0, `again: ${twice.map(recordText)}`, [
        sent,
        first,
        again,
        host,
        ...replies,
      ])
    },
  },
  {
    ...on,
    section: '6',
    level: 'MUST',
    says: 'nor at the end of that second, when the answer has a delay',
    async run(lab) {
      const sent = await lab.ask(question(browsed(lab), type.PTR))
      const first = await lab.mustAnswer(sent, 'answer', answers(browsed(lab)))
      for (const after of [820, 900]) {
        await lab.wait(first.at + after - Date.now())
        await lab.ask(question(browsed(lab), type.PTR), { from: 1 })
      }
      await lab.wait(300)
      const again = lab.since(first).filter((p) => lab.isMulticast(p) && answers(browsed(lab))(p))
      const early = again.filter((p) => p.at < first.at + 995)
      must(early.length === 0, 'again within a second', [first, ...early])
    },
  },
  {
    ...onOne,
    section: '6',
    level: 'MUST',
    says: 'another question for the same record is within the same second, too',
    async run(lab) {
      const sent = await askHost(lab)
      const first = await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
      const again = await lab.ask(question(lab.peer.host, type.ANY, { class: 255 }), { from: 1 })
      const repeated = (p: Packet) => lab.isMulticast(p) && answers(lab.peer.host, ownType(lab))(p)
      await lab.mustNotAnswer(again, `again within ${again.at - first.at} ms`, repeated, 400)
    },
  },
  {
    peer: 'off',
    links,
    section: '6',
    level: 'MUST',
    says: 'what was announced is not multicast again within a second',
    async run(lab) {
      await lab.start()
      const isIt = (p: Packet) =>
        lab.isPeers(p) &&
        p.family === lab.family &&
        p.message?.qr === 1 &&
        answers(lab.peer.host, ownType(lab))(p)
      const first = need(await lab.wire.find(isIt, 15_000), 'not announced', lab.mine())
      await lab.wait(50)
      const asked = await askHost(lab)
      await lab.mustNotAnswer(asked, 'again', (p) => p.at < first.at + 995 && isIt(p), 500)
    },
  },
  {
    ...onOne,
    section: '6',
    level: 'MUST',
    says: 'in defence a record is not multicast twice within 250 ms',
    async run(lab) {
      const claimed = address(lab.peer.host, 'fe80::a2')
      const probe = () =>
        lab.ask(question(lab.peer.host, type.ANY), { from: 1, authorities: [claimed] })
      const first = await lab.mustAnswer(await probe(), 'defence', answers(lab.peer.host))
      await probe()
      await lab.wait(20)
      await probe()
      await lab.wait(400)
      const again = lab.since(first).filter((p) => answers(lab.peer.host)(p) && lab.isMulticast(p))
      const times = [first, ...again].map((p) => p.at)
      const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0))
      must(
        gaps.every((gap) => gap >= 245),
        `after ${gaps} ms`,
        [first, ...again],
      )
    },
  },
  {
    ...onOne,
    section: '6',
    level: 'MUST',
    says: 'after a second a record is multicast again',
    async run(lab) {
      const sent = await askHost(lab)
      await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
      await lab.quiet()
      const again = await askHost(lab)
      await lab.mustAnswer(again, 'a second later', answers(lab.peer.host, ownType(lab)))
    },
  },
  {
    ...on,
    section: '6',
    level: 'MUST',
    says: 'a probe is answered although the record was multicast 300 ms ago',
    async run(lab) {
      const sent = await askHost(lab)
      const first = await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
      await lab.wait(first.at + 300 - Date.now())
      const claimed = lab.kind === 'IPv4' ? '192.0.2.2' : 'fe80::a2'
      const probe = await lab.ask(question(lab.peer.host, type.ANY), {
        from: 1,
        authorities: [address(lab.peer.host, claimed)],
      })
      const answer = await lab.mustAnswer(probe, 'defence', answers(lab.peer.host, ownType(lab)))
      const took = answer.at - probe.at
      must(took < 250, `only after ${took} ms, when the other has won`, [probe, answer])
    },
  },
  {
    ...onOne,
    section: '6',
    level: 'SHOULD',
    says: 'a probe is answered at once, with every record of the name',
    async run(lab) {
      const probe = await lab.ask(question(instance(lab), type.ANY, { unicast: true }), {
        from: 1,
        authorities: [raw(instance(lab), type.TXT, Buffer.from([0]))],
      })
      const answer = await lab.mustAnswer(probe, 'defence', answers(instance(lab)))
      const types = answer.message.answers.map((r) => r.type)
      must(types.includes(type.SRV) && types.includes(type.TXT), 'not all of it', [probe, answer])
      must(answer.at - probe.at < 100, `after ${answer.at - probe.at} ms`, [probe, answer])
    },
  },
  {
    ...on,
    section: '6',
    level: 'MUST',
    says: 'multicast answers have no question in them',
    async run(lab) {
      const sent = await askHost(lab)
      const answer = await lab.mustAnswer(sent, 'answer', answers(lab.peer.host))
      must(answer.message.questions.length === 0, 'a question in an answer', [answer])
    },
  },
  {
    ...onOne,
    section: '6',
    level: 'MUST',
    says: 'a response is not answered, whatever questions it has',
    async run(lab) {
      const sent = await lab.ask(question(lab.peer.host, ownType(lab)), { qr: 1, aa: 1 })
      await lab.mustNotAnswer(sent, 'a response was answered')
    },
  },
  {
    ...onOne,
    section: '6',
    level: 'SHOULD',
    says: 'an answer is not repeated among the additional records',
    async run(lab) {
      const sent = await lab.ask([
        question(browsed(lab), type.PTR),
        question(instance(lab), type.SRV),
        question(lab.peer.host, ownType(lab)),
      ])
      const answer = await lab.mustAnswer(sent, 'answer', answers(browsed(lab)))
      const said = answer.message.answers.map(recordText)
      const all = [...said, ...answer.message.additionals.map(recordText)]
      must(new Set(all).size === all.length, 'a record twice in one message', [answer])
    },
  },
]
