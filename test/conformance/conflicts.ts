import { type Check, type LinkKind, must, need } from './check.ts'
import { keyOf, sameName, type } from './dns.ts'
import { address, pointer, question, raw, response, type Said, text } from './encode.ts'
import { type Lab, type Options, offLink } from './lab.ts'
import type { Packet } from './pcap.ts'
import { announcementOf, asksFor, nextProbe, otherAddress, renamedHost } from './probing.ts'
import { answers, ownType } from './responding.ts'

/** RFC 6762 section 9: others who claim a name that is ours already. */

const links: readonly LinkKind[] = ['IPv6', 'IPv4']
const on = { peer: 'fresh', links } as const
const onOne = { peer: 'fresh', links: ['IPv6'] } as const

const host = (lab: Lab) => lab.peer.host
const instance = (lab: Lab) => lab.peer.instances[0] ?? ''

/** Something that sets a held name back to probing. */
const contested = (
  says: string,
  response: (lab: Lab) => Buffer,
  options: Options = {},
  of: readonly LinkKind[] = ['IPv6'],
): Check => ({
  peer: 'shared',
  links: of,
  section: '9',
  level: 'MUST',
  says,
  async run(lab) {
    const sent = await lab.send(response(lab), { from: 1, ...options })
    const probe = await nextProbe(lab, host(lab), sent)
    must(probe.at - sent.at < 1500, `only after ${probe.at - sent.at} ms`, [sent, probe])
  },
})

/** Something that is no conflict: no probe follows, and the name is still answered for. */
const harmless = (
  section: string,
  says: string,
  response: (lab: Lab) => Buffer,
  options: Options = {},
): Check => ({
  ...onOne,
  peer: 'shared',
  section,
  level: 'MUST',
  says,
  async run(lab) {
    const sent = await lab.send(response(lab), { from: 1, ...options })
    await lab.wait(400)
    const probed = lab.since(sent).find((packet) => packet.message?.qr === 0)
    must(probed === undefined, 'it is taken for a conflict', [sent, probed])
    await lab.quiet()
    const asked = await lab.ask(question(host(lab), ownType(lab)))
    await lab.mustAnswer(asked, 'the name is lost', answers(host(lab), ownType(lab)))
  },
})

/** The addresses that the peer has announced. */
const own = (lab: Lab): Said[] =>
  lab
    .announced()
    .filter((r) => sameName(r.name, host(lab)) && r.type === ownType(lab))
    .map((record) => ({ ...record, flush: true }))

/** Answers each probe for the host, as a host that holds the name. */
function hold(lab: Lab): () => void {
  return lab.wire.onPacket((packet) => {
    if (lab.isPeers(packet) && asksFor(host(lab))(packet))
      lab.say(response([otherAddress(lab)]), { from: 1 })
  })
}

async function loseHost(lab: Lab, body: (name: string, sent: Packet) => Promise<void> | void) {
  const end = hold(lab)
  try {
    const sent = await lab.send(response([otherAddress(lab)]), { from: 1 })
    await body(await renamedHost(lab, sent), sent)
  } finally {
    end()
  }
}

export const conflictChecks: Check[] = [
  contested(
    'other data for a record that is ours sets it back to probing',
    (lab) => response([otherAddress(lab)]),
    {},
    links,
  ),
  contested('the same in the additional section', (lab) =>
    response([text('other.local', ['a'])], { additionals: [otherAddress(lab)] }),
  ),
  contested('the same in other letters', (lab) =>
    response([otherAddress(lab, host(lab).toUpperCase())]),
  ),
  contested('the same without cache-flush bit', (lab) =>
    response([otherAddress(lab, host(lab), false)]),
  ),
  {
    ...contested(
      'the same from an address of another subnet, since it came by the group',
      (lab) => response([otherAddress(lab)]),
      { from: offLink },
      links,
    ),
    section: '11',
  },
  {
    ...on,
    peer: 'shared',
    section: '9',
    level: 'MUST',
    says: 'a name that nobody defends in the new probes is kept, and announced again',
    async run(lab) {
      const sent = await lab.send(response([otherAddress(lab)]), { from: 1 })
      const probe = await nextProbe(lab, host(lab), sent)
      const isIt = (p: Packet) => p.at > probe.at + 600 && answers(host(lab), ownType(lab))(p)
      const again = await lab.wire.find((p) => lab.isPeers(p) && isIt(p), 8000)
      need(again, 'not announced again', lab.since(sent))
      const probes = lab.since(sent).filter(asksFor(host(lab)))
      must(probes.length >= 3, `${probes.length} probes`, lab.since(sent))
    },
  },
  {
    ...on,
    section: '9',
    level: 'MUST',
    says: 'a name that somebody else defends is lost, and another one taken',
    run: (lab) =>
      loseHost(lab, (name, sent) =>
        must(lab.peer.renamed.test(name), `the new name is ${name}`, lab.since(sent)),
      ),
  },
  {
    ...onOne,
    section: '9',
    level: 'MUST',
    says: 'a lost name is not answered for any more',
    run: (lab) =>
      loseHost(lab, async (_, sent) => {
        await lab.wait(1200)
        const asked = await lab.ask(question(host(lab), type.ANY), { from: 2 })
        await lab.mustNotAnswer(asked, 'answered for a lost name', answers(host(lab)), 300)
        const late = lab.since(asked).filter(answers(host(lab)))
        must(late.length === 0, 'said again', [sent, ...late])
      }),
  },
  {
    ...onOne,
    section: '9',
    level: 'MUST',
    says: 'services point to the new host name, and pointers to services that are there',
    run: (lab) =>
      loseHost(lab, async (name) => {
        await announcementOf(lab, name)
        await lab.wait(1500)
        const [type_ = ''] = lab.peer.services
        const sent = await lab.ask(question(type_, type.PTR), { port: 0, id: 21 })
        const answer = await lab.mustAnswer(sent, 'browse', (p) => p.message?.id === 21)
        const all = [...answer.message.answers, ...answer.message.additionals]
        const target = all.find((r) => r.type === type.PTR)?.target?.text ?? ''
        const found = all.find((r) => r.type === type.SRV && sameName(r.name, target))
        must(sameName(found?.target?.text ?? '', name), `SRV to ${found?.target?.text}`, [answer])
        const has = all.some((r) => r.type === ownType(lab) && sameName(r.name, name))
        must(has, `no address of ${name}`, [answer])
      }),
  },
  {
    ...onOne,
    section: '10.1',
    level: 'SHOULD',
    says: 'reverse mappings follow a lost name as well',
    run: (lab) =>
      loseHost(lab, async (name) => {
        await announcementOf(lab, name)
        await lab.wait(1500)
        const reverse = lab.announced().filter((r) => /\.arpa$/.test(r.name))
        const wrong = reverse.findLast((r) => !sameName(r.target?.text ?? '', name))
        const right = reverse.find((r) => sameName(r.target?.text ?? '', name))
        must(right !== undefined, `reverse mapping to ${wrong?.target?.text}`)
      }),
  },
  {
    ...onOne,
    peer: 'shared',
    section: '9',
    level: 'MUST',
    says: 'while one name is contested, the others are answered for',
    async run(lab) {
      const other = text(instance(lab), ['x=y'], { flush: true })
      const sent = await lab.send(response([other]), { from: 1 })
      await nextProbe(lab, instance(lab), sent)
      const asked = await lab.ask(question(host(lab), ownType(lab)), { from: 2, port: 0, id: 44 })
      const answer = await lab.mustAnswer(asked, 'the host', (p) => p.message?.id === 44)
      must(answer.at - asked.at < 250, `after ${answer.at - asked.at} ms`, [sent, asked, answer])
    },
  },
  {
    ...onOne,
    peer: 'shared',
    section: '9',
    level: 'MUST',
    says: 'while a name is contested, it is not answered for',
    async run(lab) {
      const sent = await lab.send(response([otherAddress(lab)]), { from: 1 })
      const probe = await nextProbe(lab, host(lab), sent)
      const asked = await lab.ask(question(host(lab), ownType(lab)), { from: 2, port: 0, id: 45 })
      const third = await nextProbe(lab, host(lab), await nextProbe(lab, host(lab), probe))
      const early = lab.since(asked).filter((p) => p.at < third.at + 240 && answers(host(lab))(p))
      must(early.length === 0, 'answered', [sent, asked, ...early])
    },
  },
  {
    ...onOne,
    peer: 'shared',
    section: '9',
    level: 'MUST',
    says: 'other data for a service that is ours sets it back to probing',
    async run(lab) {
      const other = raw(instance(lab), type.SRV, Buffer.from([0, 0, 0, 0, 9, 9, 1, 97, 0]), {
        flush: true,
      })
      const sent = await lab.send(response([other]), { from: 1 })
      const probe = await nextProbe(lab, instance(lab), sent)
      must(probe.at - sent.at < 1500, `only after ${probe.at - sent.at} ms`, [sent, probe])
    },
  },
  harmless('9', 'the very same record from another host is no conflict', (lab) =>
    response(own(lab)),
  ),
  harmless(
    '6',
    'a response from another port than 5353 is no conflict',
    (lab) => response([otherAddress(lab)]),
    { port: 0 },
  ),
  harmless('18.11', 'a response with an rcode is no conflict', (lab) =>
    response([otherAddress(lab)], { rcode: 2 }),
  ),
  harmless('18.3', 'a response with an opcode is no conflict', (lab) =>
    response([otherAddress(lab)], { opcode: 1 }),
  ),
  harmless('9', 'a record of another type under our name is no conflict once it is ours', (lab) =>
    response([raw(host(lab), type.HINFO, Buffer.from([1, 97, 1, 98]), { flush: true })]),
  ),
  harmless('9', 'a record of another class is no conflict', (lab) =>
    response([raw(host(lab), ownType(lab), Buffer.alloc(16, 3), { class: 3 })]),
  ),
  harmless('9', 'another pointer of a shared name is no conflict', (lab) =>
    response([pointer(lab.peer.services[0] ?? '', `x.${lab.peer.services[0]}`, { ttl: 4500 })]),
  ),
  harmless('9', 'records of other names are no conflict', () =>
    response([address('nixos.local.local', 'fe80::9'), address('other.local', 'fe80::9')]),
  ),
  {
    ...on,
    section: '11',
    level: 'MUST',
    says: 'a conflict sent directly from off the link is ignored',
    async run(lab) {
      const to = await lab.addressOf(lab.family)
      if (lab.family === 'IPv6') return
      const sent = await lab.send(response([otherAddress(lab)]), { from: offLink, to })
      await lab.wait(500)
      const probed = lab.since(sent).find((packet) => packet.message?.qr === 0)
      must(probed === undefined, 'a stranger can contest a name', [sent, probed])
    },
    links: ['IPv4'],
  },
  {
    ...on,
    peer: 'shared',
    section: '9',
    level: 'MUST',
    says: 'a newcomer that probes for our name is told at once that it is ours',
    async run(lab) {
      const probe = await lab.ask(question(host(lab), type.ANY, { unicast: true }), {
        from: 1,
        authorities: [otherAddress(lab, host(lab), false)],
      })
      const answer = await lab.mustAnswer(probe, 'defence', answers(host(lab), ownType(lab)))
      must(answer.at - probe.at < 200, `after ${answer.at - probe.at} ms`, [probe, answer])
      const told = new Set(answer.message.answers.map(keyOf))
      must(
        own(lab).every((r) => told.has(keyOf({ ...r, target: undefined }))),
        'not with all of our addresses',
        [probe, answer],
      )
    },
  },
]
