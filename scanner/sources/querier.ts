import { isIPv4 } from '../../common/address.ts'
import { mdnsPort } from '../../common/contract.ts'
import { isOnLink, type Link, ownIPv4, ownLinkLocal } from '../../common/links.ts'
import { type Arrival, type Door, openGroup, openUnicast } from '../../common/mdns.ts'
import { type Question, recordKey } from '../../common/message.ts'
import { packQuery } from '../../common/pack.ts'
import { mdnsWarning } from './gone.ts'
import { directQuestions, type HeardRecord, knownAnswers } from './questions.ts'

/** An answer, and the door that it came through. */
export interface Answer extends Arrival {
  door: Door
}

/** More records than this are not kept as known: 1,000 machines have two that answer a question. */
const maxKnown = 4096
/** IPv6 and UDP headers. */
const headerBytes = 48

/**
 * The mDNS sockets of a search on one link. It asks the group from an ephemeral port first: then
 * everybody answers at once and by unicast (RFC 6762 section 6.7). Asked again, it asks from port
 * 5353 and names what it knows, and the answers go to the group (5.2, 7.1), which needs no entry in
 * anybody's neighbour table. Single machines are asked directly, from a socket of its own, because a
 * stateful firewall lets only those answers in that come from whom was asked.
 */
export class Querier {
  readonly link: Link
  /** All doors that answers come through. */
  readonly doors: readonly Door[]
  /** What was heard that way: who drops what is decided by it. */
  readonly heard = { fromGroup: 0, direct: 0, ownQuestion: false }
  /** Whether a question has left that is known again when it comes back from the group. */
  askedGroup = false
  readonly #askers: Door[]
  readonly #listeners: Door[]
  readonly #direct: Door[]
  readonly #listening = new Set<(answer: Answer) => void>()
  readonly #known = new Map<string, HeardRecord>()
  /** What has been asked here, each with the moment at which another host has last asked it. */
  readonly #asked = new Map<string, number>()
  #timesAsked = 0

  constructor(link: Link, askers: Door[], listeners: Door[], direct: Door[]) {
    this.link = link
    this.#askers = askers
    this.#listeners = listeners
    this.#direct = direct
    this.doors = [...askers, ...listeners, ...direct]
    for (const door of this.doors)
      door.onMessage((arrival) => {
        if (arrival.message.response) this.#hearAnswer(door, arrival)
        else this.#hearQuestion(arrival)
      })
  }

  /** Whether it could tell that our own question did not come back from the group. */
  get hearsGroup(): boolean {
    return this.#listeners.length > 0
  }

  /** Calls `listener` with each answer from the link; gives the way to end that. */
  onAnswer(listener: (answer: Answer) => void): () => void {
    this.#listening.add(listener)
    return () => this.#listening.delete(listener)
  }

  /** Asks the group, in each family. Rejects when no family could be asked. */
  async ask(questions: readonly Question[]): Promise<void> {
    const again = this.#timesAsked++ > 0 && this.#listeners.length === this.#askers.length
    const doors = again ? this.#listeners : this.#askers
    const known = again ? knownAnswers(questions, this.#known.values(), performance.now()) : []
    // RFC 6762 section 7.3: what another host has just asked for, with no more known than here, is asked.
    const open = again ? questions.filter((each) => !this.#isAsked(each)) : questions
    for (const each of questions)
      if (!this.#asked.has(questionKey(each)))
        this.#asked.set(questionKey(each), Number.NEGATIVE_INFINITY)
    if (open.length === 0) return
    const messages = packQuery(open, known, this.link.mtu - headerBytes)
    const sent = await Promise.allSettled(
      doors.map(async (door) => {
        for (const message of messages) await door.send({ ...message, id: again ? 0 : questionId })
      }),
    )
    if (!again) this.askedGroup ||= sent.some((each) => each.status === 'fulfilled')
    const refused = sent.find((each) => each.status === 'rejected')
    if (refused && sent.every((each) => each.status === 'rejected')) throw refused.reason
  }

  /** Asks one machine for everything, in one packet. Rejects when the kernel refuses to send it. */
  async askDirectly(address: string, names: readonly string[]): Promise<void> {
    const questions = directQuestions(address, names)
    const door = this.#direct.find((each) => (each.family === 'IPv4') === isIPv4(address))
    await door?.send({ id: questionId, questions }, { address, port: mdnsPort })
  }

  isDirect(door: Door): boolean {
    return this.#direct.includes(door)
  }

  close(): void {
    for (const door of this.doors) door.close()
    this.#listening.clear()
  }

  #hearAnswer(door: Door, arrival: Arrival): void {
    const { message, address, port } = arrival
    // RFC 6762 sections 6 and 11: from port 5353, and from the link.
    const fromLink = door.family === 'IPv6' || isOnLink(this.link, address)
    if (port !== mdnsPort || !fromLink) return
    this.heard[this.isDirect(door) ? 'direct' : 'fromGroup']++
    const heardAt = performance.now()
    for (const record of [...message.answers, ...message.additionals])
      if (record.ttl === 0) this.#known.delete(recordKey(record))
      else if (this.#known.size < maxKnown || this.#known.has(recordKey(record)))
        this.#known.set(recordKey(record), { record, heardAt })
    for (const listener of this.#listening) listener({ ...arrival, door })
  }

  #hearQuestion({ message, address }: Arrival): void {
    if (this.link.addresses.some((each) => each.address === address)) {
      if (message.id === questionId) this.heard.ownQuestion = true
    } else if (message.answers.length === 0 && !message.truncated)
      for (const question of message.questions.slice(0, maxHeardQuestions))
        if (!question.unicast && this.#asked.has(questionKey(question)))
          this.#asked.set(questionKey(question), performance.now())
  }

  #isAsked(question: Question): boolean {
    const at = this.#asked.get(questionKey(question))
    return at !== undefined && performance.now() - at < recentMs
  }
}

/** Tells our own questions, and the answers to them, from those of other programs here. */
const questionId = 1 + Math.floor(Math.random() * 0xffff)
/** A browser on the link asks for some services at once; more is a flood. */
const maxHeardQuestions = 32
/** As recent as the shortest interval between two questions (RFC 6762 section 5.2). */
const recentMs = 1000

const questionKey = ({ name, type }: Question) => `${name.toLowerCase()} ${type}`

/**
 * Opens what can be opened; a group socket that another program keeps to itself is done without.
 * Throws a Failure when there is nothing to ask with.
 */
export async function openQuerier(link: Link, warn: (sentence: string) => void): Promise<Querier> {
  const linkLocal = ownLinkLocal(link)
  const ipv4 = ownIPv4(link)
  const own = [linkLocal, ipv4].flatMap((address) => address ?? [])
  const [asked, listened, direct] = await Promise.all([
    Promise.allSettled(own.map((address) => openUnicast(link.name, address, 0))),
    Promise.allSettled([
      ...(linkLocal ? [openGroup(link.name, 'IPv6')] : []),
      ...(ipv4 ? [openGroup(link.name, 'IPv4', ipv4)] : []),
    ]),
    Promise.allSettled(own.map((address) => openUnicast(link.name, address, 0))),
  ])
  const askers = opened(asked)
  const listeners = opened(listened)
  const refused = asked.find((each) => each.status === 'rejected')
  const deaf = listened.find((each) => each.status === 'rejected')
  if (askers.length === 0 && refused) {
    for (const door of [...listeners, ...opened(direct)]) door.close()
    throw refused.reason
  }
  if (deaf) warn(mdnsWarning(link, deaf.reason))
  return new Querier(link, askers, listeners, opened(direct))
}

function opened(doors: readonly PromiseSettledResult<Door>[]): Door[] {
  return doors.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}
