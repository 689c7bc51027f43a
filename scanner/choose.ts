import {
  eui64FromMac,
  isLinkLocal6,
  linkLocalFromMac,
  macFromLinkLocal,
  normalizeAddress,
  normalizeMac,
  splitZone,
} from '../common/address.ts'
import { staticLinkLocal } from '../common/contract.ts'
import type { Machine } from './machine.ts'
import type { SearchOptions } from './search.ts'
import { hostLabelOf, type Sighting, withoutLocal } from './sighting.ts'
import { liveNames, once } from './sources/questions.ts'

/** Fewer digits than these fit too many cards. */
const leastMacDigits = 4

/**
 * The machines that a NAME may mean: announced or configured name, `name.local`, id, MAC, end of a
 * MAC (at least four digits), address with or without zone. More than one is for the caller to
 * refuse: installing on the wrong machine wipes a disk.
 */
export function choose(machines: readonly Machine[], name: string): Machine[] {
  const matches = [byName(name), byAddress(name), byHardware(name)]
  return machines.filter((machine) => matches.some((match) => match(machine)))
}

/** Those among the machines that are looked for. */
export function wanted(
  machines: readonly Machine[],
  { name, all }: Pick<SearchOptions, 'name' | 'all'>,
): Machine[] {
  const eligible = machines.filter((machine) => all || machine.installer)
  return name === undefined ? eligible : choose(eligible, name)
}

/** The host names that the link is asked for: those of live systems, and the one that NAME is. */
export function askedNames(name: string | undefined): string[] {
  const asked = name !== undefined && namesHost(name) ? [withoutLocal(name)] : []
  return once([...asked, ...liveNames])
}

/** Whether NAME is a host name to ask the link for, and not an address or a MAC. */
export function namesHost(name: string): boolean {
  const isName = /^[A-Za-z0-9-]+(\.local)?$/.test(name) && hostLabelOf(name) !== undefined
  return isName && !/^([0-9a-f]{2}[:-]){2,}/i.test(name)
}

/** The link-local addresses that the machine would have that NAME points at: an address, a MAC, an id. */
export function addressesIn(name: string): string[] {
  const address = normalizeAddress(name)
  if (address) return isLinkLocal6(address) ? [address] : []
  const digits = name.toLowerCase().replaceAll(/[:-]/g, '')
  const fromId = /^([0-9a-f]{6})fffe([0-9a-f]{6})$/.exec(digits)
  const mac = normalizeMac(fromId ? `${fromId[1]}${fromId[2]}` : name)
  return mac ? [linkLocalFromMac(mac)] : []
}

/** Whether NAME may mean the machine of which this is a sighting, as far as that tells. */
export function mayMean(
  { addresses, mac, name, advertisement }: Sighting,
  wanted: string,
): boolean {
  const label = withoutLocal(wanted).toLowerCase()
  const address = normalizeAddress(wanted)
  const digits = wanted.toLowerCase().replaceAll(/[:-]/g, '')
  // An id that is made of a host key: only the visit tells.
  if (/^[0-9a-f]{16}$/.test(digits) && addressesIn(wanted).length === 0) return true
  const host = advertisement?.host ?? ''
  const isLabel = (each: string | undefined) => each?.toLowerCase() === label
  const macs = [mac, ...addresses.map(macFromLinkLocal)].flatMap((each) => each ?? [])
  // Of an address that is not made of a MAC the table tells it, later.
  if (macs.length === 0 && /^[0-9a-f]{4,12}$/.test(digits)) return true
  const ids = [advertisement?.id ?? [], macs.map(eui64FromMac)].flat()
  const wantedMac = normalizeMac(wanted)
  const id = wantedMac ? eui64FromMac(wantedMac) : digits
  return (
    [name, host, ...macs.flatMap((each) => macSuffixed(host, each))].some(isLabel) ||
    (address !== undefined && addresses.includes(address)) ||
    ids.some((each) => each === id || each.endsWith(digits)) ||
    macs.some((each) => each.replaceAll(':', '').endsWith(digits))
  )
}

/** Whether NAME is an address that one machine only can have: with its link, and not the static one. */
export function isOwnAddress(name: string): boolean {
  const address = normalizeAddress(name)
  const isShared = splitZone(name).zone === undefined || address === staticLinkLocal
  return address !== undefined && isLinkLocal6(address) && !isShared
}

type Match = (machine: Machine) => boolean

function byName(name: string): Match {
  const label = withoutLocal(name).toLowerCase()
  return ({ name: announced, configuredName, links }) => {
    const host = configuredName ?? announced ?? ''
    const suffixed = links.flatMap(({ mac }) => (mac ? macSuffixed(host, mac) : []))
    return [announced, configuredName, ...suffixed].some((each) => each?.toLowerCase() === label)
  }
}

/** The second name of a machine with our agent, which is never contested: `nixos-1ae4b7`. */
function macSuffixed(host: string, mac: string): string[] {
  return host === '' ? [] : [`${host}-${mac.replaceAll(':', '').slice(-6)}`]
}

function byAddress(name: string): Match {
  const { zone } = splitZone(name)
  const address = normalizeAddress(name)
  return (machine) =>
    address !== undefined &&
    machine.links.some(
      (link) =>
        (zone === undefined || zone === link.interface) &&
        link.addresses.some((each) => splitZone(each.address).address === address),
    )
}

function byHardware(name: string): Match {
  const digits = name.toLowerCase().replaceAll(/[:-]/g, '')
  // In pairs, or without separators: fe80::47 is no card whose MAC ends in fe:80:47.
  const isHex = /^(?:[0-9a-f]+|[0-9a-f]{1,2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2})*)$/i.test(name)
  return (machine) =>
    isHex &&
    digits.length >= leastMacDigits &&
    (machine.id === digits ||
      machine.links.some((link) => link.mac?.replaceAll(':', '').endsWith(digits)))
}
