import type { RemoteInfo } from 'node:dgram'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { normalizeAddress } from '../common/address.ts'
import { mdnsPort } from '../common/contract.ts'
import { decodePacket, isPlausible, isResponse, toMessage } from '../common/decode.ts'
import { isFromLink, type Link, readLinksFromNode } from '../common/links.ts'
import { askedNames, wanted } from './choose.ts'
import { hasOwnAddress, type Machine } from './machine.ts'
import { merge } from './merge.ts'
import { readPlainly } from './plain-words.ts'
import { formatSoFar } from './print/watch.ts'
import type { SearchOptions } from './search.ts'
import { onLink, type Sighting } from './sighting.ts'
import { type FirstQuestion, heardBy } from './sources/first-question.ts'
import { readHosts } from './sources/mdns.ts'
import { isModest, readAnswer } from './sources/service.ts'
import { findOptions } from './verbs/find-options.ts'
import { InPlace, isScreen } from './watch/in-place.ts'

/** Enough to be looked at; the search hears them all, and these again. */
const maxAnswers = 32

/**
 * On a terminal, the rows of those who have answered the links' first questions by now: before what
 * searches is loaded, which shows them anew with all others. Undefined where it is to show the first.
 */
export async function firstRows(
  argv: readonly string[],
  firsts: readonly FirstQuestion[],
): Promise<InPlace | undefined> {
  const look = firsts.length > 0 && isScreen(process.stdout) ? readLook(argv) : undefined
  if (!look) return undefined
  // What has arrived meanwhile is read now.
  await nextTurn()
  const machines = whoAnswered(firsts, look)
  if (machines.length === 0) return undefined
  const rows = new InPlace(process.stdout)
  rows.show(formatSoFar(machines, rows.size))
  return rows
}

type Look = Pick<SearchOptions, 'name' | 'all'>

/** A command line that is certain to be a look that shows rows. */
function readLook([verb, ...typed]: readonly string[]): Look | undefined {
  const read = verb === 'find' ? readPlainly(typed, findOptions) : undefined
  if (!read || read.words.length > 1) return undefined
  const { words, flags, values } = read
  const others = [...flags, ...values.keys()].filter(
    (each) => !/^(all|quiet|interface)$/.test(each),
  )
  return others.length > 0 ? undefined : { name: words[0], all: flags.has('all') }
}

/** By what the answers say alone: the kernel has not been asked yet what the links are. */
export function whoAnswered(firsts: readonly FirstQuestion[], { name, all }: Look): Machine[] {
  const question = { names: askedNames(name), warn: () => {} }
  const links = readLinksFromNode()
  const sightings = firsts.flatMap((first) => {
    const link = links.find((each) => each.name === first.link)
    if (!link) return []
    // What came to us says what came to the group as well: the first of each sender is enough.
    const heard = heardBy(first).slice(0, maxAnswers).reverse()
    const bySender = new Map(heard.map((each) => [each[1].address, each]))
    return [...bySender.values()].flatMap(([bytes, from]) =>
      readSightings(bytes, from, link, question),
    )
  })
  return wanted(merge(sightings), { name, all }).filter(hasOwnAddress)
}

function readSightings(
  bytes: Buffer,
  { address: sender, port }: RemoteInfo,
  link: Link,
  question: Parameters<typeof readAnswer>[2],
): Sighting[] {
  const address = normalizeAddress(sender)
  const isAnswer = isPlausible(bytes) && isResponse(bytes) && port === mdnsPort
  if (!isAnswer || !address || !isFromLink(link, address)) return []
  try {
    const packet = decodePacket(bytes)
    const hosts = readHosts(toMessage(packet), link.name, question, address)
    const said = { packet, address }
    const services = isModest(packet) ? readAnswer(said, link.name, question) : []
    return [...hosts, ...services].flatMap((each) => onLink(each, link) ?? [])
  } catch {
    // No DNS message: the search counts it.
    return []
  }
}
