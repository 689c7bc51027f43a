import fc from 'fast-check'
import { eui64FromMac, linkLocalFromMac } from '../../common/address.ts'
import type { Advertisement } from '../../common/advertisement.ts'
import { staticLinkLocal } from '../../common/contract.ts'
import type { Sighting } from '../../scanner/sighting.ts'

/** Sightings as the sources make them, of so few machines that they meet all the time. */

export const fakeMac = (machine: number, card = 0) => {
  const pair = (value: number) => String(value).padStart(2, '0')
  return `52:54:00:${pair(Math.floor(machine / 100))}:${pair(card)}:${pair(machine % 100)}`
}
export const fakeKey = (machine: number) => `SHA256:${String(machine).repeat(43)}`

export function fakeAdvertisement(machine: number): Advertisement {
  const id = eui64FromMac(fakeMac(machine))
  const told = { host: 'NixOS', user: 'nixos', boot: '0a1b2c3d', agent: '1.0.0' }
  return { ...told, id, eui64: id, hostKeys: [fakeKey(machine)], os: undefined, flake: undefined }
}

/** The addresses of a machine's card on a link: EUI-64, another link-local, global, IPv4. */
export function fakeAddresses(machine: number, card: number): string[] {
  const end = `${card + 1}:${machine + 1}`
  const ipv4 = `192.0.2.${10 * (card + 1) + machine}`
  return [linkLocalFromMac(fakeMac(machine, card)), `fe80::${end}`, `2001:db8::${end}`, ipv4]
}

const links = ['eno1', 'wlan0']

/**
 * One sighting of one of three machines, each with a card on each of two links. In a `truthful`
 * world nobody lies: the machines without agent are always the same, and what is said of an address
 * is said by its owner. fe80::47 may have another holder in each sighting, in both worlds.
 */
export function anySighting(truthful: boolean): fc.Arbitrary<Sighting> {
  const machine = fc.nat(2)
  return fc
    .record({
      machine,
      liar: truthful ? fc.constant(undefined) : fc.option(machine),
      card: fc.nat(1),
    })
    .chain(({ machine, liar, card }) => {
      const link = links[card] ?? ''
      const own = fakeAddresses(machine, card)
      const claimed = fc.subarray([...own, staticLinkLocal], { minLength: 1 })
      const named = truthful ? claimed.filter((each) => each.some((a) => own.includes(a))) : claimed
      const mac = fakeMac(liar ?? machine, card)
      const name = machine === 0 ? 'NixOS' : `NixOS-${machine}`
      const advertisement = fakeAdvertisement(liar ?? machine)
      const ssh = { reachable: true, banner: 'SSH-2.0-x', hostKeys: [fakeKey(liar ?? machine)] }
      const at = fc.nat(5)
      const common = { link: fc.constant(link), at }
      const one = fc.constantFrom(...own).map((each) => [each])
      const oneOrStatic = fc.constantFrom(...own, staticLinkLocal).map((each) => [each])
      const just = fc.constant<string[]>([staticLinkLocal])
      const is = <T>(value: T) => fc.constant(value)
      const kinds: fc.Arbitrary<Sighting>[] = [
        fc.record({ ...common, source: is('neighbour'), addresses: oneOrStatic }),
        fc.record({ ...common, source: is('neighbour'), addresses: one, mac: is(mac) }),
        fc.record({ ...common, source: is('static'), addresses: one, installer: is(true) }),
        fc.record({ ...common, source: is('static'), addresses: just, mac: is(mac) }),
        fc.record({ ...common, source: is('static'), addresses: just }),
        fc.record({ ...common, source: is('mdns'), addresses: named, name: is(name) }),
        fc.record({
          ...common,
          source: is('service'),
          addresses: named,
          name: is(name),
          port: is(22),
        }),
        fc.record({ ...common, source: is('ssh'), addresses: oneOrStatic, ssh: is(ssh) }),
      ]
      if (machine > 0 || !truthful)
        kinds.push(
          fc.record({
            ...common,
            source: is('service'),
            addresses: named,
            name: is(name),
            advertisement: is(advertisement),
            installer: is(true),
          }),
        )
      return fc.oneof(...kinds)
    })
}
