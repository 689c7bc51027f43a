import {
  addressKind,
  addressPreference,
  eui64FromMac,
  isIPv4,
  reverseName,
} from '../../common/address.ts'
import { encodeAdvertisement } from '../../common/advertisement.ts'
import {
  installerSubtype,
  serviceEnumeration,
  sftpService,
  sshService,
} from '../../common/contract.ts'
import { isUsable, type Link } from '../../common/links.ts'
import type { ResourceRecord } from '../../common/message.ts'
import type { Identity } from '../identity.ts'
import type { HeldNames } from './names.ts'

/** RFC 6762 section 10: 120 s for records that name a host, 75 minutes for the others. */
const hostTtl = 120
const otherTtl = 4500

/** What a link's responder announces besides addresses. */
export interface Service {
  id: string
  identity: Identity
  sshPort: number
  /** The well-known address, deprecated but announced; undefined when there is none. */
  staticAddress: string | undefined
}

/** All records of one link; `flush` marks those of unique names (RFC 6762 section 10.2). */
export function linkRecords(link: Link, names: HeldNames, service: Service): ResourceRecord[] {
  const addresses = announcedAddresses(link, service.staticAddress)
  const host = `${names.host}.local`
  const hosts = [...new Set([host, `${names.unique}.local`])]
  return [
    ...hosts.flatMap((name) => addresses.map((address) => addressRecord(name, address))),
    ...addresses.map((address) => ptr(reverseName(address), host, { ttl: hostTtl, flush: true })),
    ...serviceRecords(link, names.host, host, service),
  ]
}

/**
 * The addresses to announce: the EUI-64 link-local address first, because payloads are what a
 * scanner may key on; the static one only while this machine holds it; no other deprecated one.
 */
export function announcedAddresses(link: Link, staticAddress: string | undefined): string[] {
  const rank = (address: string) =>
    address === staticAddress
      ? addressPreference.length
      : addressPreference.indexOf(addressKind(address))
  return link.addresses
    .filter((each) => isUsable(each) && (!each.deprecated || each.address === staticAddress))
    .map((each) => each.address)
    .sort((a, b) => rank(a) - rank(b))
}

function serviceRecords(
  link: Link,
  instanceLabel: string,
  host: string,
  { id, identity, sshPort, staticAddress }: Service,
): ResourceRecord[] {
  const shared = { ttl: otherTtl, flush: false }
  const eui64 = link.mac ? eui64FromMac(link.mac) : id
  const holdsStatic = link.addresses.some(
    (each) => each.address === staticAddress && isUsable(each),
  )
  const staticState = staticAddress ? (holdsStatic ? 'held' : 'waiting') : undefined
  const txt = encodeAdvertisement({ ...identity, id, eui64, static: staticState })
  const perType = [sshService, sftpService].flatMap((type): ResourceRecord[] => {
    const instance = `${instanceLabel}.${type}`
    const target = { priority: 0, weight: 0, port: sshPort, target: host }
    return [
      ptr(type, instance, shared),
      { name: instance, type: 'SRV', ttl: hostTtl, flush: true, data: target },
      { name: instance, type: 'TXT', ttl: otherTtl, flush: true, data: txt },
      ptr(serviceEnumeration, type, shared),
    ]
  })
  return [...perType, ptr(installerSubtype, `${instanceLabel}.${sshService}`, shared)]
}

function addressRecord(name: string, address: string): ResourceRecord {
  return { name, type: isIPv4(address) ? 'A' : 'AAAA', ttl: hostTtl, flush: true, data: address }
}

function ptr(
  name: string,
  data: string,
  { ttl, flush }: { ttl: number; flush: boolean },
): ResourceRecord {
  return { name, type: 'PTR', ttl, flush, data }
}
