import type { RemoteInfo } from 'node:dgram'
import { EventEmitter } from 'node:events'
import type { Service } from 'bonjour-service'
import { Browser } from 'bonjour-service/dist/lib/browser.js'
import type { Packet } from 'dns-packet'
import { normalizeAddress } from '../../common/address.ts'
import { decodeAdvertisement } from '../../common/advertisement.ts'
import { mdnsPort } from '../../common/contract.ts'
import { isOnLink, type Link } from '../../common/links.ts'
import type { Door } from '../../common/mdns.ts'
import { Channel } from '../channel.ts'
import { hostLabelOf, isAskedFor, onLink, type Question, type Sighting } from '../sighting.ts'
import { Allowance } from './allowance.ts'
import type { Source } from './round.ts'

/** A packet, as multicast-dns decodes it, and who sent it. */
interface Arrival {
  packet: Packet
  from: RemoteInfo
  address: string
}

/**
 * The ssh services and the installers' subtype (RFC 6763 sections 4 and 7.1) in the answers of a
 * round. bonjour-service's Browser joins the records of a packet to services; it is loaded by itself:
 * the package's publisher and its sockets are not used.
 */
export const service: Source = async function* ({ link, question, querier, patience: { signal } }) {
  const heard = new Channel<Arrival>()
  const end = () => heard.end()
  signal.addEventListener('abort', end)
  const asker = await querier
  const doors = asker?.doors ?? []
  const stops = doors.map((door) => listen(door, link, (arrival) => heard.push(arrival)))
  if (!asker || signal.aborted) end()
  const allowance = new Allowance()
  try {
    for await (const arrival of heard) {
      if (!allowance.has(arrival.address)) continue
      const began = performance.now()
      const seen = [...readPacket(arrival, link.name, question)]
      allowance.spend(arrival.address, seen.length, performance.now() - began)
      yield* seen.flatMap((sighting) => onLink(sighting, link) ?? [])
    }
  } finally {
    for (const stop of stops) stop()
    signal.removeEventListener('abort', end)
  }
}

/** Answers from the link only (RFC 6762 sections 6 and 11), and only those that the Browser can cope with. */
function listen(door: Door, link: Link, push: (arrival: Arrival) => void): () => void {
  const hear = (packet: Packet, from: RemoteInfo) => {
    const address = normalizeAddress(from.address)
    if (!address || from.port !== mdnsPort) return
    if (door.family === 'IPv4' && !isOnLink(link, address)) return
    if (isModest(packet)) push({ packet, from, address })
    else door.errors.malformed++
  }
  door.transport.on('response', hear)
  return () => door.transport.off('response', hear)
}

/**
 * A Browser for each packet and type: one that lived longer would take two machines with one name for
 * one service, and its work would grow with the square of their number. The subtype is browsed as if
 * it were an instance name, since the Browser has no other way to ask for one.
 */
function readPacket({ packet, from }: Arrival, link: string, question: Question): Sighting[] {
  const seen: Sighting[] = []
  for (const installer of [true, false]) {
    // The round has asked already.
    const transport = Object.assign(new EventEmitter(), { query: () => {} })
    const subtype = installer ? { name: '_nixos-installer._sub' } : {}
    new Browser(transport, { type: 'ssh', ...subtype }).on('up', (found: Service) =>
      seen.push(readService(found, link, installer, question)),
    )
    try {
      transport.emit('response', packet, from)
    } catch {
      // It trips over records without the data that they should have; the packet is not an answer.
    }
  }
  return seen
}

/** A responder speaks for the services of its own machine. */
const maxServicesInMessage = 32
const maxRecordsInMessage = 256

function isModest({ answers = [], additionals = [] }: Packet): boolean {
  const records = [...answers, ...additionals]
  const services = records.filter((record) => record.type === 'PTR')
  return records.length <= maxRecordsInMessage && services.length <= maxServicesInMessage
}

/** One sighting of a service; where it names no address, the one that answered counts. */
export function readService(
  found: Pick<Service, 'host' | 'port' | 'addresses' | 'referer'> & { rawTxt?: unknown },
  link: string,
  installer: boolean,
  question: Pick<Question, 'names'>,
): Sighting {
  const name = hostLabelOf(typeof found.host === 'string' ? found.host : '')
  const advertisement = decodeAdvertisement([found.rawTxt].flat().filter(Buffer.isBuffer))
  const named = found.addresses?.length ? found.addresses : [found.referer?.address ?? '']
  return {
    source: 'service',
    link,
    at: Date.now(),
    addresses: named.flatMap((text) => normalizeAddress(text) ?? []),
    installer: installer || (name !== undefined && isAskedFor(name, question)),
    ...(found.port > 0 && { port: found.port }),
    ...(name && { name }),
    ...(advertisement && { advertisement }),
  }
}
