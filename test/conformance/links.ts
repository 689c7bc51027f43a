import { type Check, type LinkKind, must } from './check.ts'
import { sameName, type } from './dns.ts'
import { question, response } from './encode.ts'
import { addressesIn, type Family, type Lab, type Place } from './lab.ts'
import type { Packet } from './pcap.ts'
import { otherAddress } from './probing.ts'
import { answers } from './responding.ts'

/** RFC 6762 sections 6, 14 and 15: a machine on two links, which have the same IPv4 prefix. */

const links: readonly LinkKind[] = ['two']
const on = { peer: 'shared', links } as const
const families: readonly Family[] = ['IPv6', 'IPv4']

const kindOf = (family: Family) => (family === 'IPv4' ? type.A : type.AAAA)

/** Asks on each link in each family; `judge` gets what the peer sent on both since. */
function everywhere(
  judge: (lab: Lab, asked: { sent: Packet; here: Place; there: Place }) => Promise<void>,
): (lab: Lab) => Promise<void> {
  return async (lab) => {
    for (const family of families)
      for (const [here, there] of [lab.places, lab.places.toReversed()] as [Place, Place][]) {
        await lab.quiet()
        const sent = await lab.ask(question(lab.peer.host, kindOf(family)), { family }, here)
        await judge(lab, { sent, here, there })
      }
  }
}

const mine = (lab: Lab, { wire }: Place, after: Packet) =>
  lab.since(after, wire).filter(({ message }) => message?.qr === 1)

export const linkChecks: Check[] = [
  {
    ...on,
    section: '15',
    level: 'MUST',
    says: 'a question is answered on its own link',
    run: everywhere(async (lab, { sent, here }) => {
      await lab.mustAnswer(sent, `on ${here.far}`, answers(lab.peer.host), here.wire)
    }),
  },
  {
    ...on,
    section: '15',
    level: 'MUST',
    says: 'a question on one link puts no packet on the other',
    run: everywhere(async (lab, { sent, here, there }) => {
      await lab.mustAnswer(sent, `on ${here.far}`, answers(lab.peer.host), here.wire)
      await lab.wait(200)
      const stray = mine(lab, there, sent)
      must(stray.length === 0, `asked on ${here.far}, answered on ${there.far}`, [sent, ...stray])
    }),
  },
  {
    ...on,
    section: '6.2',
    level: 'MUST',
    says: 'an answer has the addresses of its own link, and no others',
    run: everywhere(async (lab, { sent, here }) => {
      const answer = await lab.mustAnswer(sent, 'answer', answers(lab.peer.host), here.wire)
      const all = [...answer.message.answers, ...answer.message.additionals]
      const own = await lab.addresses(here)
      const stray = addressesIn(all, lab.peer.host).filter((each) => !own.includes(each))
      must(stray.length === 0, `addresses of another link: ${stray}`, [answer])
    }),
  },
  {
    ...on,
    section: '15',
    level: 'MUST',
    says: 'announcements have the addresses of their own link, and no others',
    async run(lab) {
      for (const place of lab.places) {
        const own = await lab.addresses(place)
        for (const packet of lab.mine(place.wire)) {
          const said = packet.message?.answers ?? []
          const stray = addressesIn(said, lab.peer.host).filter((each) => !own.includes(each))
          must(stray.length === 0, `on ${place.far}: ${stray}`, [packet])
        }
      }
    },
  },
  {
    ...on,
    section: '15',
    level: 'MUST',
    says: 'what is sent on a link comes from an address of that link',
    async run(lab) {
      for (const place of lab.places) {
        const own = await lab.addresses(place)
        const stray = lab.mine(place.wire).filter(({ source }) => !own.includes(source))
        must(stray.length === 0, `from ${stray[0]?.source} on ${place.far}`, stray)
      }
    },
  },
  {
    ...on,
    section: '15.1',
    level: 'MUST',
    says: 'a legacy question over IPv6 is answered on its own link',
    async run(lab) {
      for (const place of lab.places) {
        const asked = question(lab.peer.host, type.AAAA)
        const sent = await lab.ask(asked, { family: 'IPv6', port: 0, id: 51 }, place)
        const isIt = (p: Packet) => p.destinationPort === sent.sourcePort && p.message?.id === 51
        await lab.mustAnswer(sent, `on ${place.far}`, isIt, place.wire)
      }
    },
  },
  {
    ...on,
    section: '15.1',
    level: 'MUST',
    says: 'a legacy question over IPv4 is answered on its own link, with one prefix on both links',
    async run(lab) {
      for (const place of lab.places) {
        const asked = question(lab.peer.host, type.A)
        const sent = await lab.ask(asked, { family: 'IPv4', port: 0, id: 52 }, place)
        const isIt = (p: Packet) => p.destinationPort === sent.sourcePort && p.message?.id === 52
        const answer = await lab.mustAnswer(sent, `on ${place.far}`, isIt, place.wire)
        const own = await lab.addresses(place)
        const told = addressesIn(answer.message.answers, lab.peer.host)
        must(
          told.every((each) => own.includes(each)),
          `${told}`,
          [answer],
        )
      }
    },
  },
  {
    ...on,
    section: '15',
    level: 'MUST',
    says: 'what one link has heard within a second counts for that link only',
    async run(lab) {
      const [here, there] = lab.places as [Place, Place]
      const asked = question(lab.peer.host, type.AAAA)
      const sent = await lab.ask(asked, {}, here)
      await lab.mustAnswer(sent, 'here', answers(lab.peer.host), here.wire)
      const other = await lab.ask(asked, {}, there)
      await lab.mustAnswer(other, 'there', answers(lab.peer.host), there.wire)
    },
  },
  {
    ...on,
    peer: 'fresh',
    section: '14',
    level: 'MUST',
    says: 'a conflict on one link is none on the other',
    async run(lab) {
      const [here, there] = lab.places as [Place, Place]
      const sent = await lab.send(response([otherAddress(lab)]), { from: 1 }, here)
      await lab.wait(700)
      const probes = lab
        .since(sent, there.wire)
        .filter(
          ({ message }) =>
            message?.qr === 0 && message.questions.some((q) => sameName(q.name, lab.peer.host)),
        )
      must(probes.length === 0, 'it probes on the other link', probes)
    },
  },
  {
    ...on,
    peer: 'off',
    alters: true,
    section: '15',
    level: 'MUST',
    says: 'with 169.254 addresses on both links each is answered with its own',
    async run(lab) {
      for (const [i, place] of lab.places.entries()) {
        const old = `192.0.2.${7 + i}/24`
        await lab.onPeer('ip', 'address', 'del', old, 'dev', place.far)
        await lab.onPeer('ip', 'address', 'add', `169.254.7.${7 + i}/16`, 'dev', place.far)
      }
      await lab.boot()
      await lab.settled()
      for (const [i, place] of lab.places.entries()) {
        await lab.quiet()
        const asked = question(lab.peer.host, type.A)
        const sent = await lab.ask(asked, { family: 'IPv4', from: linkLocal }, place)
        const answer = await lab.mustAnswer(sent, 'A', answers(lab.peer.host, type.A), place.wire)
        const told = addressesIn(answer.message.answers, lab.peer.host)
        must(`${told}` === `169.254.7.${7 + i}`, `${told}`, [answer])
        await lab.wait(150)
        const other = need(lab.places[1 - i])
        must(mine(lab, other, sent).length === 0, 'answered on both links', mine(lab, other, sent))
      }
    },
  },
]

/** The tester's host with a 169.254 address. */
const linkLocal = 4

function need(place: Place | undefined): Place {
  if (!place) throw new Error('two links were expected')
  return place
}
