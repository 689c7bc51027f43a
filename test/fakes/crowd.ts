import fc from 'fast-check'
import { eui64FromMac, linkLocalFromMac } from '../../common/address.ts'
import type { Advertisement } from '../../common/advertisement.ts'
import { staticLinkLocal } from '../../common/contract.ts'
import type { Sighting } from '../../scanner/sighting.ts'

/** Sightings of a link on which everything goes wrong that can: whoever may be confused with another is. */

interface Card {
  link: string
  mac: string
  addresses: string[]
}
interface Member {
  name: string
  /** Undefined for a machine without our agent. */
  id: string | undefined
  key: string
  port: number
  cards: Card[]
}

const mac = (number: number) => `52:54:00:00:00:${String(number).padStart(2, '0')}`
const id = (number: number) => eui64FromMac(mac(number))
const key = (number: number) => `SHA256:${String(number).repeat(43)}`
const card = (link: string, number: number): Card => ({
  link,
  mac: mac(number),
  addresses: [linkLocalFromMac(mac(number)), `192.0.2.${number}`, `2001:db8::${number}`],
})
/** Stable-privacy addresses, as the stock live system has them: no MAC is in them. */
const priv = (link: string, number: number): Card => ({
  ...card(link, number),
  addresses: [`fe80::${number}:1`, `192.0.2.${number}`],
})
/** Leased by one machine after another. */
const lease = '192.0.2.99'

const members: Member[] = [
  { name: 'NixOS', id: id(1), key: key(1), port: 22, cards: [card('eno1', 1)] },
  { name: 'NixOS', id: id(2), key: key(2), port: 22, cards: [card('eno1', 2), card('wlan0', 3)] },
  { name: 'nixos', id: undefined, key: key(3), port: 22, cards: [priv('eno1', 4)] },
  // Two cards on one link, and another port.
  { name: 'big', id: id(5), key: key(4), port: 2222, cards: [card('eno1', 5), card('eno1', 6)] },
  // The first one's MAC on another link, with the host key of the third.
  { name: 'NixOS', id: id(1), key: key(3), port: 22, cards: [card('wlan0', 1)] },
]

/** In `liars` the last of them says whatever the others could say, from an address of its own. */
export function anyCrowd({ liars }: { liars: boolean }): fc.Arbitrary<Sighting[]> {
  const honest = fc.constantFrom(...members).chain((each) => said(each, each))
  const liar = fc
    .tuple(fc.constantFrom(...members), fc.constantFrom(...members))
    .chain(([speaker, victim]) => said(speaker, victim))
  const each = liars ? fc.oneof({ weight: 4, arbitrary: honest }, liar) : honest
  return fc.array(each, { maxLength: 25 })
}

/** What is seen of one member, which says that it is another. */
function said(speaker: Member, claimed: Member): fc.Arbitrary<Sighting> {
  return fc.constantFrom(...speaker.cards).chain(({ link, mac, addresses }) => {
    const is = fc.constant
    const theirs = claimed.cards.flatMap((each) => each.addresses)
    const own = fc.constantFrom(...addresses, lease).map((each) => [each])
    const some = fc.subarray([...new Set([...addresses, ...theirs, staticLinkLocal])], {
      minLength: 1,
    })
    const just = is<string[]>([staticLinkLocal])
    const common = { link: is(link), at: fc.nat(9) }
    const ssh = { reachable: true, banner: `SSH-2.0-${speaker.name}`, hostKeys: [speaker.key] }
    const { name, port } = claimed
    const service = { ...common, source: is('service' as const), addresses: some, port: is(port) }
    const kinds: fc.Arbitrary<Sighting>[] = [
      fc.record({ ...common, source: is('neighbour'), addresses: fc.oneof(own, just) }),
      fc.record({ ...common, source: is('neighbour'), addresses: own, mac: is(mac) }),
      fc.record({ ...common, source: is('static'), addresses: just, mac: is(mac) }),
      fc.record({ ...common, source: is('mdns'), addresses: some, name: is(name) }),
      fc.record({ ...service, name: is(name) }),
      fc.record({ ...common, source: is('ssh'), addresses: fc.oneof(own, just), ssh: is(ssh) }),
    ]
    if (claimed.id !== undefined)
      kinds.push(fc.record({ ...service, advertisement: is(advertisementOf(claimed)) }))
    return fc.oneof(...kinds)
  })
}

function advertisementOf({ id = '', key }: Member): Advertisement {
  const told = { host: 'NixOS', user: 'nixos', boot: '0a1b2c3d', agent: '1.0.0' }
  return { ...told, id, eui64: id, hostKeys: [key], os: undefined, flake: undefined }
}
