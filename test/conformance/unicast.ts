import { type Check, type LinkKind, must } from './check.ts'
import { recordText, sameName, type } from './dns.ts'
import { query, question } from './encode.ts'
import { type Lab, offLink } from './lab.ts'
import type { Packet } from './pcap.ts'
import { answers, askHost, ownType } from './responding.ts'

/** RFC 6762 sections 5.4, 5.5 and 6.7: answers that go to the asker only. */

const links: readonly LinkKind[] = ['IPv6', 'IPv4']
const on = { peer: 'shared', links } as const
const onOne = { peer: 'shared', links: ['IPv6'] } as const

const isUnicast = (lab: Lab) => (packet: Packet) => !lab.isMulticast(packet)
const everyRecord = (packet: Packet) => [
  ...(packet.message?.answers ?? []),
  ...(packet.message?.additionals ?? []),
]

/** Asks as a one-shot querier for a service, and gives the answer. */
async function askOnce(lab: Lab, name: string, kind: number, id = 4711) {
  const sent = await lab.ask(question(name, kind), { port: 0, id })
  const toAsker = (packet: Packet) => packet.destinationPort === sent.sourcePort
  return { sent, answer: await lab.mustAnswer(sent, 'legacy answer', toAsker) }
}

const browse = (lab: Lab) => askOnce(lab, lab.peer.services[0] ?? '', type.PTR)

/** Lets the group hear the host's addresses, so that they are fresh. */
async function freshen(lab: Lab): Promise<void> {
  await lab.quiet()
  await lab.mustAnswer(await askHost(lab), 'answer', answers(lab.peer.host))
}

export const unicastChecks: Check[] = [
  {
    ...on,
    section: '6.7',
    level: 'MUST',
    says: 'a question from another port than 5353 is answered by unicast to that very address and port',
    async run(lab) {
      const { sent, answer } = await browse(lab)
      must(answer.destination === sent.source, 'to another address', [sent, answer])
      must(answers(lab.peer.services[0] ?? '', type.PTR)(answer), 'not the answer', [answer])
    },
  },
  {
    ...on,
    section: '6.7',
    level: 'MUST',
    says: 'a legacy answer has the id of the question',
    async run(lab) {
      const { answer } = await browse(lab)
      must(answer.message.id === 4711, `id ${answer.message.id}`, [answer])
    },
  },
  {
    ...on,
    section: '6.7',
    level: 'MUST',
    says: 'a legacy answer repeats the question',
    async run(lab) {
      const { sent, answer } = await browse(lab)
      const [asked] = sent.message?.questions ?? []
      const [repeated] = answer.message.questions
      const same = sameName(repeated?.name ?? '', asked?.name ?? '-') && repeated?.type === type.PTR
      must(same && repeated.class === 1 && !repeated.unicast, 'another question', [answer])
      must(answer.message.questions.length === 1, 'not one question', [answer])
    },
  },
  {
    ...onOne,
    section: '6.7',
    level: 'MUST',
    says: 'a legacy answer repeats the question as it was spelled',
    async run(lab) {
      const name = lab.peer.host.toUpperCase()
      const { answer } = await askOnce(lab, name, ownType(lab))
      must(answer.message.questions[0]?.name === name, 'spelled otherwise', [answer])
    },
  },
  {
    ...on,
    section: '6.7',
    level: 'SHOULD',
    says: 'records of a legacy answer live 10 s at most',
    async run(lab) {
      const { answer } = await browse(lab)
      const long = everyRecord(answer).filter((record) => record.ttl > 10 || record.ttl === 0)
      must(long.length === 0, `${long.map(recordText)}`, [answer])
    },
  },
  {
    ...on,
    section: '10.2',
    level: 'MUST',
    says: 'no cache-flush bit in a legacy answer',
    async run(lab) {
      const { answer } = await askOnce(lab, lab.peer.instances[0] ?? '', type.ANY)
      must(!everyRecord(answer).some((record) => record.flush), 'cache-flush bit', [answer])
    },
  },
  {
    ...on,
    section: '18.14',
    level: 'MUST',
    says: 'the target of SRV is not compressed in a legacy answer',
    async run(lab) {
      const { answer } = await askOnce(lab, lab.peer.instances[0] ?? '', type.SRV)
      const services = everyRecord(answer).filter((record) => record.type === type.SRV)
      must(services.length > 0, 'no SRV', [answer])
      must(!services.some((record) => record.target?.compressed), 'compressed', [answer])
    },
  },
  {
    ...onOne,
    section: '18.14',
    level: 'MUST',
    says: 'nor is it where SRV comes along with a pointer',
    async run(lab) {
      const { answer } = await browse(lab)
      const services = everyRecord(answer).filter((record) => record.type === type.SRV)
      must(!services.some((record) => record.target?.compressed), 'compressed', [answer])
    },
  },
  {
    ...on,
    section: '18.4',
    level: 'MUST',
    says: 'a legacy answer is authoritative, and otherwise plain: QR and AA and nothing else',
    async run(lab) {
      const { qr, aa, tc, ra, z, rcode, opcode } = (await browse(lab)).answer.message
      must(qr === 1 && aa === 1, `qr ${qr}, aa ${aa}`)
      must(tc + ra + z + rcode + opcode === 0, 'other bits set')
    },
  },
  {
    ...on,
    section: '6.7',
    level: 'MUST',
    says: 'a legacy question for one address is not answered to the group',
    async run(lab) {
      const sent = await askHost(lab, { port: 0, id: 77 })
      await lab.mustAnswer(sent, 'legacy answer', (p) => p.destinationPort === sent.sourcePort)
      await lab.mustNotAnswer(sent, 'multicast as well', (p) => lab.isMulticast(p))
    },
  },
  {
    ...on,
    section: '6.7',
    level: 'MUST',
    says: 'legacy answers come from port 5353, on the link of the question',
    async run(lab) {
      const { answer } = await browse(lab)
      must(answer.sourcePort === 5353, `from ${answer.sourcePort}`, [answer])
      must((await lab.addresses()).includes(answer.source), `from ${answer.source}`, [answer])
    },
  },
  {
    ...on,
    section: '11',
    level: 'SHOULD',
    says: 'unicast answers have a hop limit of 255, too',
    async run(lab) {
      const { answer } = await browse(lab)
      must(answer.hops === 255, `hop limit ${answer.hops}`, [answer])
      const to = await lab.addressOf(lab.family)
      const direct = await askHost(lab, { to })
      const reply = await lab.mustAnswer(direct, 'direct answer')
      must(reply.hops === 255, `hop limit ${reply.hops}`, [reply])
    },
  },
  {
    ...onOne,
    section: '6.7',
    level: 'MUST',
    says: 'a legacy question with several questions gets an answer to each',
    async run(lab) {
      const asked = [lab.peer.host, lab.peer.instances[0] ?? '']
      const questions = asked.map((name) => question(name, type.ANY))
      const sent = await lab.ask(questions, { port: 0, id: 9 })
      for (const name of asked)
        await lab.mustAnswer(sent, name, (p) => answers(name)(p) && isUnicast(lab)(p))
    },
  },
  {
    ...onOne,
    section: '6.7',
    level: 'MUST',
    says: 'a legacy question in another class, or for a name of others, gets nothing',
    async run(lab) {
      const other = question(lab.peer.host, type.AAAA, { class: 3 })
      const sent = await lab.ask([other, question('nobody.local', type.AAAA)], { port: 0, id: 3 })
      await lab.mustNotAnswer(sent, 'answered', (p) => p.message?.id === 3)
    },
  },
  {
    ...onOne,
    section: '6.7',
    level: 'MUST',
    says: 'a legacy question with QU is answered like any legacy one',
    async run(lab) {
      const asked = question(lab.peer.host, ownType(lab), { unicast: true })
      const sent = await lab.ask(asked, { port: 0, id: 31 })
      const toAsker = (packet: Packet) => packet.destinationPort === sent.sourcePort
      const answer = await lab.mustAnswer(sent, 'legacy answer', toAsker)
      must(answer.message.id === 31 && answer.message.questions.length === 1, 'form', [answer])
      must(!everyRecord(answer).some((record) => record.flush), 'cache-flush bit', [answer])
    },
  },
  {
    ...on,
    section: '5.4',
    level: 'SHOULD',
    says: 'a question that welcomes unicast is answered by unicast while the group knows the record',
    async run(lab) {
      await freshen(lab)
      const asked = question(lab.peer.host, ownType(lab), { unicast: true })
      const sent = await lab.ask(asked, { from: 1 })
      const answer = await lab.mustAnswer(sent, 'QU answer', answers(lab.peer.host, ownType(lab)))
      const { destination, destinationPort } = answer
      must(destination === sent.source && destinationPort === 5353, 'elsewhere', [sent, answer])
    },
  },
  {
    ...on,
    section: '5.4',
    level: 'MUST',
    says: 'a QU answer has the form of a multicast one: no question, full life, cache-flush bit, id 0 or its own',
    async run(lab) {
      await freshen(lab)
      const asked = question(lab.peer.host, ownType(lab), { unicast: true })
      const answer = await lab.mustAnswer(await lab.ask(asked), 'QU', answers(lab.peer.host))
      const record = answer.message.answers[0]
      must(record?.ttl === 120 && record.flush, 'life or flush bit', [answer])
      must(answer.message.questions.length === 0 && answer.message.aa === 1, 'header', [answer])
    },
  },
  {
    ...onOne,
    peer: 'fresh',
    section: '5.4',
    level: 'SHOULD',
    says: 'a QU question is answered to the group once a quarter of the life has passed since it heard',
    async run(lab) {
      const quarter = 30_500
      const heard = () => lab.mine().findLast(answers(lab.peer.host, ownType(lab)))?.at ?? 0
      while (heard() + quarter > Date.now()) await lab.wait(heard() + quarter - Date.now())
      const asked = question(lab.peer.host, ownType(lab), { unicast: true })
      const sent = await lab.ask(asked)
      await lab.mustAnswer(
        sent,
        'answer to the group',
        (p) => lab.isMulticast(p) && answers(lab.peer.host, ownType(lab))(p),
      )
    },
  },
  {
    ...onOne,
    section: '5.4',
    level: 'SHOULD',
    says: 'of QU and QM questions in one message each is answered in its way',
    async run(lab) {
      await freshen(lab)
      await lab.quiet()
      const [instance = ''] = lab.peer.instances
      const sent = await lab.ask([
        question(lab.peer.host, ownType(lab), { unicast: true }),
        question(instance, type.TXT),
      ])
      const toGroup = (p: Packet) => lab.isMulticast(p) && answers(instance)(p)
      await lab.mustAnswer(sent, 'QM part to the group', toGroup)
      const has = (p: Packet) => answers(lab.peer.host, ownType(lab))(p)
      await lab.mustAnswer(sent, 'QU part', has)
    },
  },
  {
    ...on,
    section: '5.5',
    level: 'SHOULD',
    says: 'a question sent directly to the host is answered by unicast',
    async run(lab) {
      const to = await lab.addressOf(lab.family)
      const sent = await askHost(lab, { to })
      const answer = await lab.mustAnswer(sent, 'direct answer', answers(lab.peer.host))
      const { destination, destinationPort } = answer
      must(destination === sent.source && destinationPort === 5353, 'elsewhere', [sent, answer])
    },
  },
  {
    ...on,
    section: '5.5',
    level: 'SHOULD',
    says: 'a direct question from another port is answered in the legacy form',
    async run(lab) {
      const to = await lab.addressOf(lab.family)
      const sent = await askHost(lab, { to, port: 0, id: 12 })
      const answer = await lab.mustAnswer(sent, 'direct', (p) => p.message?.id === 12)
      must(answer.destinationPort === sent.sourcePort, 'to another port', [answer])
      must(answer.source === to, `${to} was asked, ${answer.source} answers`, [answer])
      must(answer.message.questions.length === 1, 'no question', [answer])
      must(
        everyRecord(answer).every((r) => r.ttl <= 10 && !r.flush),
        'life',
        [answer],
      )
    },
  },
  {
    ...on,
    peer: 'fresh',
    alters: true,
    section: '5.5',
    level: 'SHOULD',
    says: 'a direct question from off the link is ignored',
    async run(lab) {
      const family = lab.family === 'IPv4' ? [] : ['-6']
      const gateway = lab.family === 'IPv4' ? '192.0.2.1' : 'fe80::a1'
      await lab.onPeer('ip', ...family, 'route', 'add', 'default', 'via', gateway, 'dev', 'in0')
      if (lab.family === 'IPv6')
        await lab.onPeer('ip', 'address', 'add', '2001:db8::7/64', 'dev', 'in0')
      const to = lab.family === 'IPv6' ? '2001:db8::7' : await lab.addressOf('IPv4')
      if (lab.family === 'IPv6') await routeTo(lab, to)
      await lab.wait(1500)
      await lab.quiet()
      const toAsker = (p: Packet) =>
        p.destination === '203.0.113.9' || /^2001:db8:99/.test(p.destination)
      for (const port of [5353, 0]) {
        const sent = await askHost(lab, { to, from: offLink, port })
        await lab.mustNotAnswer(sent, 'a stranger was answered', toAsker)
      }
    },
  },
  {
    ...on,
    section: '11',
    level: 'MUST',
    says: 'what was sent to the group is of this link, whatever subnet its sender thinks it is in',
    async run(lab) {
      const sent = await askHost(lab, { from: offLink })
      await lab.mustAnswer(sent, 'answer to the group', answers(lab.peer.host, ownType(lab)))
    },
  },
  {
    ...on,
    section: '11',
    level: 'MUST',
    says: 'a question is answered whatever its hop limit',
    async run(lab) {
      const sent = await askHost(lab, { hops: 1 })
      await lab.mustAnswer(sent, 'hop limit 1', answers(lab.peer.host))
    },
  },
  {
    ...onOne,
    section: '5.4',
    level: 'MUST',
    says: 'the QU bit is no part of the class: a QU question in class CH is not answered',
    async run(lab) {
      const asked = question(lab.peer.host, ownType(lab), { unicast: true, class: 3 })
      await lab.mustNotAnswer(await lab.send(query([asked])), 'class CH was answered')
    },
  },
]

/** The tester's machine reaches an address of the peer on the link. */
async function routeTo(lab: Lab, to: string): Promise<void> {
  await lab.onTester('ip', '-6', 'route', 'add', to, 'dev', 'op0')
}
