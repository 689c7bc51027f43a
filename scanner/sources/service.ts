import { EventEmitter } from 'node:events'
import { Browser, type Service } from 'bonjour-service'
import type { Packet } from 'dns-packet'
import { normalizeAddress } from '../../common/address.ts'
import { decodeAdvertisement } from '../../common/advertisement.ts'
import { mdnsPort } from '../../common/contract.ts'
import { isOnLink, type Link } from '../../common/links.ts'
import type { Door } from '../../common/mdns.ts'
import { hostLabelOf, isAskedFor, type Question, type Sighting, type Source } from '../sighting.ts'
import { openQuerier, type Querier, untilQuiet } from './querier.ts'

/**
 * Browses for ssh services and for the subtype of installers (RFC 6763 sections 4 and 7.1), with
 * bonjour-service's Browser on our own sockets, one transport a link and family. The subtype is
 * browsed as if it were an instance name, since the Browser has no other way to ask for one.
 */
export const service: Source = async function* (link, question, signal) {
  const querier = await openQuerier(link, question)
  yield* untilQuiet(link, querier, signal, async (push) => {
    for (const asker of querier.askers) {
      const transport = browserTransport(link, querier, asker)
      for (const installer of [true, false]) {
        const subtype = installer ? { name: '_nixos-installer._sub' } : {}
        const browser = new Browser(transport, { type: 'ssh', ...subtype })
        const hear = (found: Service) => push(readService(found, link.name, installer, question))
        browser.on('up', hear)
        // Two machines with one name are one service to the Browser, whose data change.
        browser.on('txt-update', hear)
        browser.on('srv-update', hear)
      }
    }
  })
}

/** A responder speaks for the services of its own machine; with the square of their number grows the Browser's work. */
const maxServicesInMessage = 32
const maxRecordsInMessage = 256
/** Time for the Browser's work on one link and family: 1,000 installers need a fifth of it. */
const maxBrowserMs = 1000

/**
 * What the Browser uses of a multicast-dns instance: it asks from the ephemeral port, and hears that
 * and the group. A packet that it trips over costs a count, not the program.
 */
function browserTransport(link: Link, { listeners }: Querier, asker: Door): EventEmitter {
  const query = (name: string, type: 'PTR') => asker.transport.query(name, type)
  const transport = Object.assign(new EventEmitter(), { query })
  let spentMs = 0
  const doors = [asker, ...listeners.filter((door) => door.family === asker.family)]
  for (const door of doors)
    door.transport.on('response', (packet, from) => {
      const address = normalizeAddress(from.address)
      const onLink = door.family === 'IPv6' || (address && isOnLink(link, address))
      if (from.port !== mdnsPort || !onLink || spentMs > maxBrowserMs) return
      if (!isModest(packet)) return void door.errors.malformed++
      const began = performance.now()
      try {
        transport.emit('response', packet, from)
      } catch {
        door.errors.malformed++
      }
      spentMs += performance.now() - began
    })
  return transport
}

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
