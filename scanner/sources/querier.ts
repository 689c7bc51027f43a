import { mdnsPort } from '../../common/contract.ts'
import { explain } from '../../common/failure.ts'
import { isOnLink, type Link, ownIPv4, ownLinkLocal } from '../../common/links.ts'
import { type Arrival, type Door, openGroup, openUnicast } from '../../common/mdns.ts'
import { Channel } from '../channel.ts'
import { onLink, type Question, type Sighting } from '../sighting.ts'
import { quietMs } from './quiet.ts'

/** The mDNS sockets of one search on one link. */
export interface Querier {
  /** One per family, on an ephemeral port: whoever is asked from there answers at once, by unicast. */
  askers: Door[]
  /** One per family, in the group: hears announcements, and who answers to the group only. */
  listeners: Door[]
  close(): void
}

/**
 * Opens what can be opened; a group socket that another program keeps to itself is done without.
 * Throws a Failure when there is nothing to ask with.
 */
export async function openQuerier(link: Link, { warn }: Question): Promise<Querier> {
  const linkLocal = ownLinkLocal(link)
  const ipv4 = ownIPv4(link)
  const asking = [linkLocal, ipv4].flatMap((own) => (own ? [openUnicast(link.name, own, 0)] : []))
  const listening = [
    ...(linkLocal ? [openGroup(link.name, 'IPv6')] : []),
    ...(ipv4 ? [openGroup(link.name, 'IPv4', ipv4)] : []),
  ]
  const asked = await Promise.allSettled(asking)
  const listened = await Promise.allSettled(listening)
  const askers = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const listeners = listened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const refused = asked.find((each) => each.status === 'rejected')
  if (askers.length === 0 && refused) throw refused.reason
  const deaf = listened.find((each) => each.status === 'rejected')
  if (deaf) warn(explain(deaf.reason))
  return {
    askers,
    listeners,
    close: () => {
      for (const door of [...askers, ...listeners]) door.close()
    },
  }
}

/** Whether it is an answer from the link: from port 5353, and for IPv4 from one of its prefixes (RFC 6762 sections 6, 11). */
export function isAnswer(link: Link, door: Door, { message, address, port }: Arrival): boolean {
  return (
    message.response && port === mdnsPort && (door.family === 'IPv6' || isOnLink(link, address))
  )
}

/**
 * Lets `ask` put its questions and `push` what is heard, until it has been quiet for long enough.
 * Addresses that are not of the link are left out. Closes the querier at the end, whatever happens.
 */
export async function* untilQuiet(
  link: Link,
  querier: Querier,
  signal: AbortSignal,
  ask: (push: (sighting: Sighting) => void) => Promise<void>,
): AsyncGenerator<Sighting> {
  const heard = new Channel<Sighting>()
  const quiet = setTimeout(() => heard.end(), quietMs)
  const stop = () => heard.end()
  signal.addEventListener('abort', stop)
  try {
    await ask((sighting) => {
      const believed = onLink(sighting, link)
      if (believed === undefined) return
      quiet.refresh()
      heard.push(believed)
    })
    quiet.refresh()
    if (!signal.aborted) yield* heard
  } finally {
    signal.removeEventListener('abort', stop)
    clearTimeout(quiet)
    querier.close()
  }
}
