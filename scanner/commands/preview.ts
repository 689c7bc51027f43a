import type { RemoteInfo } from 'node:dgram'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { normalizeAddress } from '../../common/address.ts'
import { mdnsPort } from '../../common/contract.ts'
import { decodePacket, isPlausible, isResponse, toMessage } from '../../common/decode.ts'
import { isFromLink, type Link, readLinksFromNode } from '../../common/links.ts'
import { askedNames, wanted } from '../choose.ts'
import { firstQuestions } from '../look-ahead.ts'
import { hasOwnAddress, type Machine } from '../machine.ts'
import { merge } from '../merge.ts'
import type { SearchOptions } from '../search.ts'
import { onLink, type Sighting } from '../sighting.ts'
import { heardBy } from '../sources/first-question.ts'
import { readHosts } from '../sources/mdns.ts'
import { isModest, readAnswer } from '../sources/service.ts'

/** Enough to be looked at; the search hears them all, and these again. */
const maxAnswers = 32

/**
 * Who has answered the links' first questions by now, before the kernel is asked what the links are:
 * the search takes over from there.
 */
export async function preview({ name, all }: SearchOptions): Promise<Machine[]> {
  // What has arrived meanwhile is read now.
  await nextTurn()
  const question = { names: askedNames(name), warn: () => {} }
  const links = readLinksFromNode()
  const sightings = firstQuestions().flatMap((first) => {
    const link = links.find((each) => each.name === first.link)
    const heard = link ? heardBy(first).slice(0, maxAnswers) : []
    return heard.flatMap(([bytes, from]) =>
      link ? readSightings(bytes, from, link, question) : [],
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
