import { EventEmitter } from 'node:events'
import type { Service } from 'bonjour-service'
import { Browser } from 'bonjour-service/dist/lib/browser.js'
import type { Packet } from 'dns-packet'
import { normalizeAddress } from '../../common/address.ts'
import { decodeAdvertisement } from '../../common/advertisement.ts'
import { installerSubtype, sshService } from '../../common/contract.ts'
import { sameName } from '../../common/message.ts'
import { Channel } from '../channel.ts'
import { hostLabelOf, isAskedFor, onLink, type Question, type Sighting } from '../sighting.ts'
import { Allowance } from './allowance.ts'
import type { Answer } from './querier.ts'
import type { Source } from './round.ts'
import { SaidBefore } from './said-before.ts'

/**
 * The ssh services and the installers' subtype (RFC 6763 sections 4 and 7.1) in the answers of a
 * round. bonjour-service's Browser joins the records of a packet to services; it is loaded by itself:
 * the package's publisher and its sockets are not used.
 */
export const service: Source = async function* ({ link, question, querier, patience: { signal } }) {
  const heard = new Channel<Answer>()
  const end = () => heard.end()
  signal.addEventListener('abort', end)
  const asker = await querier
  const before = new SaidBefore()
  const stop = asker?.onAnswer((answer) => {
    if (before.isNew(answer)) push(answer, heard)
  })
  if (!asker || signal.aborted) end()
  const allowance = new Allowance()
  try {
    for await (const answer of heard) {
      if (!allowance.has(answer.address)) continue
      const began = performance.now()
      const seen = readAnswer(answer, link.name, question)
      allowance.spend(answer.address, seen.length, performance.now() - began)
      yield* seen.flatMap((sighting) => onLink(sighting, link) ?? [])
    }
  } finally {
    stop?.()
    signal.removeEventListener('abort', end)
  }
}

function push(answer: Answer, heard: Channel<Answer>): void {
  if (isModest(answer.packet)) heard.push(answer)
  else answer.door.errors.malformed++
}

/** An answer, as far as it is read. */
type Said = Pick<Answer, 'packet' | 'address'>

/**
 * A Browser for each packet and type: one that lived longer would take two machines with one name for
 * one service, and its work would grow with the square of their number. The subtype is browsed as if
 * it were an instance name, since the Browser has no other way to ask for one.
 */
export function readAnswer(answer: Said, link: string, question: Question): Sighting[] {
  const installers = instancesOf(installerSubtype, answer.packet)
  const others = instancesOf(sshService, answer.packet).filter(
    (name) => !installers.some((each) => sameName(each, name)),
  )
  return [
    ...(installers.length > 0 ? browse(answer, link, true, question) : []),
    ...(others.length > 0 ? browse(answer, link, false, question) : []),
  ]
}

function instancesOf(type: string, { answers = [], additionals = [] }: Packet): string[] {
  return [...answers, ...additionals].flatMap((record) =>
    record.type === 'PTR' && sameName(record.name, type) ? [String(record.data)] : [],
  )
}

function browse(
  { packet, address }: Said,
  link: string,
  installer: boolean,
  question: Question,
): Sighting[] {
  const seen: Sighting[] = []
  // The round has asked already.
  const transport = Object.assign(new EventEmitter(), { query: () => {} })
  const subtype = installer ? { name: '_nixos-installer._sub' } : {}
  new Browser(transport, { type: 'ssh', ...subtype }).on('up', (found: Service) =>
    seen.push(readService(found, link, installer, question)),
  )
  try {
    transport.emit('response', packet, { address })
  } catch {
    // It trips over records without the data that they should have; the packet is not an answer.
  }
  return seen
}

/** A responder speaks for the services of its own machine. */
const maxServicesInMessage = 32
const maxRecordsInMessage = 256

/** Whether the Browser can cope with it. */
export function isModest({ answers = [], additionals = [] }: Packet): boolean {
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
