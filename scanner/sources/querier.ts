import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Packet } from 'dns-packet'
import { isIPv4 } from '../../common/address.ts'
import { mdnsPort } from '../../common/contract.ts'
import { isOnLink, type Link, ownIPv4, ownLinkLocal } from '../../common/links.ts'
import { type Arrival, type Door, doorOf, openUnicast } from '../../common/mdns.ts'
import { type Message, type Question, recordKey } from '../../common/message.ts'
import { packQuery } from '../../common/pack.ts'
import { type Caught, type FirstQuestion, newQuestionId, openSockets } from './first-question.ts'
import { mdnsWarning } from './gone.ts'
import { sharedDelayMs, truncatedDelayMs } from './patience.ts'
import { directQuestions, type HeardRecord, isAnswer, knownAnswers } from './questions.ts'

/** An answer, and the door that it came through. */
export interface Answer extends Arrival {
  packet: Packet
  door: Door
  /** All that it says, and who says it: equal for the same said again. Undefined where that is not all. */
  said: string | undefined
}

/** More records than this are not kept as known: 1,000 machines have two that answer a question. */
const maxKnown = 4096
/** Turns of the event loop; a full receive buffer takes a hundred. */
const maxTurns = 256
/** IPv6 and UDP headers. */
const headerBytes = 48

/** When a question has left, by `performance.now()`, and for how long an answer may be delayed; milliseconds. */
export interface Asked {
  at: number
  delayMs: number
}

/** A question that had left before, as its Querier needs it. */
interface AskedBefore {
  id: number
  askedAt: number
  keys: ReadonlySet<string>
  /** Hears what has come in meanwhile. */
  replay: () => void
}

/** What was asked and heard on a link, which outlives the sockets. */
export class Knowledge {
  timesAsked = 0
  /** Records that need not be said again. */
  readonly records = new Map<string, HeardRecord>()
}

/**
 * The mDNS sockets of a search on one link. It asks the group from an ephemeral port first: then
 * everybody answers at once and by unicast (RFC 6762 section 6.7). It asks from port 5353 as well,
 * and names what it knows: those answers go to the group (5.2, 7.1), which needs no entry in
 * anybody's neighbour table, and a packet that is lost on the one way comes by the other. Single
 * machines are asked directly, from a socket of its own, because a stateful firewall lets only those
 * answers in that come from whom was asked.
 */
export class Querier {
  readonly link: Link
  /** All doors that answers come through. */
  readonly doors: readonly Door[]
  /** What was heard that way: who drops what is decided by it. */
  readonly heard = { fromGroup: 0, direct: 0, ownQuestion: false }
  /** Who answered the group's question by unicast, and who by multicast. */
  readonly answered = { once: new Set<string>(), byGroup: new Set<string>() }
  /** Whether a question has left that is known again when it comes back from the group. */
  askedGroup = false
  #arrived = 0
  readonly #askers: Door[]
  readonly #listeners: Door[]
  readonly #direct: Door[]
  readonly #listening = new Set<(answer: Answer) => void>()
  readonly #knowledge: Knowledge
  /** What has been asked here, each with the moment at which another host has last asked it. */
  readonly #asked = new Map<string, number>()
  #first: AskedBefore | undefined
  readonly #questionId: number

  constructor(
    link: Link,
    askers: Door[],
    listeners: Door[],
    direct: Door[],
    knowledge: Knowledge,
    first?: AskedBefore,
  ) {
    this.link = link
    this.#first = first
    this.#questionId = first?.id ?? newQuestionId()
    this.#knowledge = knowledge
    this.#askers = askers
    this.#listeners = listeners
    this.#direct = direct
    this.doors = [...askers, ...listeners, ...direct]
    for (const door of this.doors)
      door.onMessage((arrival) => {
        this.#arrived++
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

  /**
   * Asks the group, in each family; `listening` says that answers to the group are wanted from the
   * first time on. Gives when it was asked, and how long an answer may be delayed. Rejects when no
   * family could be asked.
   */
  async ask(wanted: readonly Question[], listening: boolean): Promise<Asked> {
    const first = this.#takeFirst()
    const questions = wanted.filter((each) => !first?.keys.has(questionKey(each)))
    const again = this.#knowledge.timesAsked > 0
    const deaf = this.#listeners.length < this.#askers.length
    // That question may have been lost, or a firewall keeps the answers out: one packet more.
    const unanswered = this.answered.once.size === 0 && this.answered.byGroup.size > 0
    // RFC 6762 section 7.3: what another host has just asked for, with no more known than here, is asked.
    const open = questions.filter((each) => !this.#isAsked(each))
    for (const each of wanted)
      if (!this.#asked.has(questionKey(each)))
        this.#asked.set(questionKey(each), Number.NEGATIVE_INFINITY)
    const known = knownAnswers(questions, this.#knowledge.records.values(), performance.now())
    const standing = packQuery(open, known, this.link.mtu - headerBytes)
    // The group first: to hear its answers takes no room in a neighbour table that is filling.
    const sent = [
      ...(listening || (again && !deaf) ? await sendAll(this.#listeners, standing) : []),
      ...(!again || deaf || unanswered ? await this.#askOnce(questions) : []),
    ]
    const refused = sent.find((each) => each.status === 'rejected')
    if (refused && sent.every((each) => each.status === 'rejected')) throw refused.reason
    this.#knowledge.timesAsked++
    const delayMs = standing.length > 1 ? truncatedDelayMs : sharedDelayMs
    const at = first && questions.length === 0 ? first.askedAt : performance.now()
    return { at, delayMs }
  }

  /** What was asked before this was made, and answered meanwhile: whoever listens hears it now. */
  #takeFirst(): AskedBefore | undefined {
    const first = this.#first
    this.#first = undefined
    if (first === undefined) return undefined
    this.askedGroup = true
    setImmediate(first.replay)
    return first
  }

  async #askOnce(questions: readonly Question[]): Promise<PromiseSettledResult<void>[]> {
    const sent = await sendAll(this.#askers, [{ id: this.#questionId, questions: [...questions] }])
    this.askedGroup ||= sent.some((each) => each.status === 'fulfilled')
    return sent
  }

  /** Resolves when what has arrived so far is read: a busy machine fires its timers before that. */
  async caughtUp(): Promise<void> {
    for (let before = -1, turns = 0; before !== this.#arrived && turns < maxTurns; turns++) {
      before = this.#arrived
      await nextTurn()
    }
  }

  /** Asks one machine for everything, in one packet. Rejects when the kernel refuses to send it. */
  async askDirectly(address: string, names: readonly string[]): Promise<void> {
    const questions = directQuestions(address, names)
    const door = this.#direct.find((each) => (each.family === 'IPv4') === isIPv4(address))
    await door?.send({ id: this.#questionId, questions }, { address, port: mdnsPort })
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
    const { records } = this.#knowledge
    // RFC 6762 sections 6 and 11: from port 5353, and from the link.
    const fromLink = door.family === 'IPv6' || isOnLink(this.link, address)
    if (port !== mdnsPort || !fromLink) return
    this.heard[this.isDirect(door) ? 'direct' : 'fromGroup']++
    if (this.#listeners.includes(door)) this.answered.byGroup.add(address)
    else if (!this.isDirect(door)) this.answered.once.add(address)
    // Nothing else answers a question, and so need not be said again (section 7.1).
    const heardAt = performance.now()
    const { packet = {} } = arrival
    const { answers = [], additionals = [] } = packet
    const heard = [...message.answers, ...message.additionals]
    let said = address
    for (const record of heard) {
      const key = recordKey(record)
      said += `\n${record.ttl === 0 ? 'gone ' : ''}${key}`
      if (record.ttl === 0) records.delete(key)
      else if (isAnswer(record) && (records.size < maxKnown || records.has(key)))
        records.set(key, { record, heardAt })
    }
    const isAll = heard.length === answers.length + additionals.length
    const answer = { ...arrival, packet, door, said: isAll ? said : undefined }
    for (const listener of this.#listening) listener(answer)
  }

  #hearQuestion({ message, address }: Arrival): void {
    if (this.link.addresses.some((each) => each.address === address)) {
      if (message.id === this.#questionId) this.heard.ownQuestion = true
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

/** A browser on the link asks for some services at once; more is a flood. */
const maxHeardQuestions = 32
/** As recent as the shortest interval between two questions (RFC 6762 section 5.2). */
const recentMs = 1000

const questionKey = ({ name, type }: Question) => `${name.toLowerCase()} ${type}`

function sendAll(doors: readonly Door[], messages: readonly Partial<Message>[]) {
  return Promise.allSettled(
    doors.map(async (door) => {
      const [question, ...more] = messages
      if (!question?.questions?.length) return
      await door.send(question)
      // Of known answers one packet may be lost: those few answer once more.
      for (const message of more) await door.send(message).catch(() => {})
    }),
  )
}

/**
 * Opens what can be opened, unless `first` has; a group socket that another program keeps to itself
 * is done without. Throws a Failure when there is nothing to ask with.
 */
export async function openQuerier(
  link: Link,
  warn: (sentence: string) => void,
  knowledge: Knowledge = new Knowledge(),
  first?: FirstQuestion,
): Promise<Querier> {
  const own = ownAddresses(link)
  const [[asked, listened], direct] = await Promise.all([
    first ? [first.askers, first.listeners] : openSockets(link.name, own),
    Promise.allSettled(own.map((address) => openUnicast(link.name, address, 0))),
  ])
  const askers = adopt(asked, link)
  const listeners = adopt(listened, link)
  const directDoors = fulfilled(direct)
  const refused = asked.find((each) => each.status === 'rejected')
  const deaf = listened.find((each) => each.status === 'rejected')
  if (askers.doors.length === 0 && refused) {
    for (const door of [...listeners.doors, ...directDoors]) door.close()
    throw refused.reason
  }
  if (deaf) warn(mdnsWarning(link, deaf.reason))
  const before = first && {
    ...first,
    keys: new Set(first.questions.map(questionKey)),
    replay: () => {
      askers.replay()
      listeners.replay()
    },
  }
  return new Querier(link, askers.doors, listeners.doors, directDoors, knowledge, before)
}

/** The addresses of a link that the scanner asks from. */
export function ownAddresses(link: Link): string[] {
  return [ownLinkLocal(link), ownIPv4(link)].flatMap((address) => address ?? [])
}

/** Doors of the sockets that are open, and the way to let through them what has come in before. */
function adopt(sockets: PromiseSettledResult<Caught>[], { name }: Link) {
  const open = fulfilled(sockets).map(({ socket, family, local, heard, release }) => {
    release()
    return { door: doorOf(socket, name, family, local), socket, heard }
  })
  const replay = () => {
    for (const { socket, heard } of open) for (const each of heard) socket.emit('message', ...each)
  }
  return { doors: open.map(({ door }) => door), replay }
}

function fulfilled<T>(outcomes: readonly PromiseSettledResult<T>[]): T[] {
  return outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}
