import {
  type Message,
  type Question,
  type ResourceRecord,
  recordKey,
  sameName,
} from '../../common/message.ts'
import { flushWholeSets, type Response } from './announce.ts'

/** How a question came: it decides the form of the answer and where it goes. */
export interface Asker {
  /** From another port than 5353: a one-shot querier that knows plain DNS only (RFC 6762 section 6.7). */
  legacy: boolean
  /** Sent to one of our addresses, not to the group (RFC 6762 section 5.5): nobody else was asked. */
  direct: boolean
  /** Whether the sender can be answered by unicast: only a machine on the link can (section 5.5). */
  reachable: boolean
}

export interface Reply {
  to: 'sender' | 'group'
  /** `shared`: others may answer as well, so wait 20-120 ms (RFC 6762 sections 6 and 6.3). */
  delay: 'none' | 'shared'
  message: Response
}

/** RFC 6762 section 6.7: a legacy querier has no cache coherency, so it must ask again soon. */
const legacyTtl = 10
/** One-shot queriers ask one question, our scanner eight; the reply repeats them, so a spoofed one may not grow it. */
const maxLegacyQuestions = 16
/** RFC 6762 section 6: no record is multicast twice within a second. */
export const repeatMs = 1000
/** The one exception: who probes decides after 250 ms, so a name is defended as soon as that. */
const repeatToProbeMs = 250

/** How long ago a record last went to the group, in milliseconds; Infinity for never. */
export type SinceMulticast = (record: ResourceRecord) => number

/**
 * What to answer to a query, from the records of the link that it came in on. The message to the
 * sender is complete; that to the group gets its additional records when it is sent.
 */
export function answer(
  records: readonly ResourceRecord[],
  query: Message,
  asker: Asker,
  since: SinceMulticast,
): Reply[] {
  const known = longestLives(query.answers)
  // RFC 6762 section 7.1: the querier has it already, with at least half of its life left.
  const isUnknown = (record: ResourceRecord) =>
    (known.get(recordKey(record)) ?? -1) < record.ttl / 2
  const answered = distinctQuestions(query.questions).map((question) => ({
    question,
    found: matching(records, question).filter(isUnknown),
  }))
  const delay = delayOf(query, asker)
  if (asker.legacy) {
    const found = distinct(answered.slice(0, maxLegacyQuestions).flatMap((each) => each.found))
    if (found.length === 0 || !asker.reachable) return []
    return [{ to: 'sender', delay: delay(found), message: legacyReply(records, query, found) }]
  }
  const { toSender, toGroup } = divide(answered, asker, since, repeatOf(query))
  const additionals = additionalRecords(records, toSender).filter(isUnknown)
  const replies: Reply[] = [
    { to: 'sender', delay: delay(toSender), message: response(records, toSender, additionals) },
    { to: 'group', delay: delay(toGroup), message: { response: true, answers: toGroup } },
  ]
  return replies.filter((reply) => reply.message.answers.length > 0)
}

interface Answered {
  question: Question
  found: ResourceRecord[]
}

/** Who gets which of the answers. */
function divide(
  answered: readonly Answered[],
  { direct, reachable }: Asker,
  since: SinceMulticast,
  repeat: number,
): { toSender: ResourceRecord[]; toGroup: ResourceRecord[] } {
  const toSender: ResourceRecord[] = []
  const toGroup: ResourceRecord[] = []
  for (const { question, found } of answered)
    for (const record of found) {
      const fresh = isFreshToGroup(record, since(record))
      if (reachable && (direct || (question.unicast && fresh))) toSender.push(record)
      else if (!direct && since(record) >= repeat) toGroup.push(record)
    }
  return { toSender: distinct(toSender), toGroup: distinct(toGroup) }
}

/**
 * RFC 6762 section 5.4: unicast is welcome, but a record that the group has not heard for a quarter of
 * its life, in milliseconds, goes to all.
 */
export function isFreshToGroup({ ttl }: ResourceRecord, sinceMs: number): boolean {
  return sinceMs < (ttl * 1000) / 4
}

function response(
  records: readonly ResourceRecord[],
  answers: readonly ResourceRecord[],
  additionals: readonly ResourceRecord[],
): Response {
  return flushWholeSets(records, {
    response: true,
    answers: [...answers],
    additionals: [...additionals],
  })
}

/** A query with authorities is a probe (RFC 6762 section 8.2). */
export function isProbe(query: Message): boolean {
  return query.authorities.length > 0
}

/**
 * Who is the only one to answer does so at once. Where others may answer as well, for a shared
 * record or for another of several questions, each waits a random while; but a name is defended at
 * once (RFC 6762 sections 6 and 6.3).
 */
function delayOf(query: Message, { direct }: Asker) {
  const alone = direct || isProbe(query)
  const several = query.questions.length > 1
  return (answers: readonly ResourceRecord[]): Reply['delay'] =>
    !alone && (several || answers.some((record) => !record.flush)) ? 'shared' : 'none'
}

/** How long a record is not said again, in milliseconds: who probes is answered sooner. */
function repeatOf(query: Message): number {
  return isProbe(query) ? repeatToProbeMs : repeatMs
}

/**
 * Answers as they go to the group now, with what the askers will want next, but for what went there
 * within the last second.
 */
export function groupResponse(
  records: readonly ResourceRecord[],
  answers: readonly ResourceRecord[],
  since: SinceMulticast,
): Response {
  const additionals = additionalRecords(records, answers)
  return response(
    records,
    answers,
    additionals.filter((each) => since(each) >= repeatMs),
  )
}

/**
 * The records that answer one question: name, class and type; for a unique name that lacks the type,
 * the NSEC record that says so (RFC 6762 section 6.1).
 */
function matching(
  records: readonly ResourceRecord[],
  { name, type, internet }: Question,
): ResourceRecord[] {
  const ofName = internet ? records.filter((record) => sameName(record.name, name)) : []
  const found = ofName.filter((record) => type === 'ANY' || record.type === type)
  const [any] = ofName
  return found.length === 0 && any?.flush ? [nsec(ofName, any)] : found
}

/** RFC 6762 section 6.1: next domain is the name itself, the bitmap has the types that exist. */
function nsec(ofName: readonly ResourceRecord[], { name, ttl }: ResourceRecord): ResourceRecord {
  const rrtypes = [...new Set(ofName.map((record) => record.type))]
  return { name, type: 'NSEC', ttl, flush: true, data: { nextDomain: name, rrtypes } }
}

/** TTL of each known answer by its key, so that a packet full of them is read once. */
function longestLives(knownAnswers: readonly ResourceRecord[]): Map<string, number> {
  const lives = new Map<string, number>()
  for (const known of knownAnswers) {
    const key = recordKey(known)
    lives.set(key, Math.max(known.ttl, lives.get(key) ?? 0))
  }
  return lives
}

/** A packet has room for 1,500 questions for one name. */
function distinctQuestions(questions: readonly Question[]): Question[] {
  const key = ({ name, type, internet, unicast }: Question) =>
    `${name.toLowerCase()} ${type} ${internet} ${unicast}`
  return [...new Map(questions.map((question) => [key(question), question])).values()]
}

/** RFC 6762 section 6.7: the question repeated, its id, short lives, no cache-flush bit. */
function legacyReply(
  records: readonly ResourceRecord[],
  { id, questions }: Message,
  found: readonly ResourceRecord[],
): Response {
  const plain = (record: ResourceRecord): ResourceRecord => ({
    ...record,
    ttl: Math.min(record.ttl, legacyTtl),
    flush: false,
  })
  const asked = distinctQuestions(questions).slice(0, maxLegacyQuestions)
  return {
    id,
    response: true,
    questions: asked.map((question) => ({ ...question, unicast: false })),
    answers: found.map(plain),
    additionals: additionalRecords(records, found).map(plain),
  }
}

/**
 * What the asker will want next (RFC 6763 section 12, RFC 6762 section 6.2): of a PTR the service
 * it names, of an SRV the addresses of its host, of an address the other addresses.
 */
function additionalRecords(
  records: readonly ResourceRecord[],
  answers: readonly ResourceRecord[],
): ResourceRecord[] {
  const wanted: ResourceRecord[] = [...answers]
  // The list grows while it is walked: a PTR brings an SRV, which brings addresses.
  for (const record of wanted)
    for (const name of followedNames(record)) {
      const ofName = records.filter((each) => sameName(each.name, name))
      const types = new Set(ofName.map((each) => each.type))
      const [any] = ofName
      wanted.push(...ofName.filter((each) => !wanted.includes(each)))
      const lacks = !types.has('A') || !types.has('AAAA')
      const isHost = types.has('A') || types.has('AAAA')
      if (any && isHost && lacks && !wanted.some((each) => isNsecOf(each, name)))
        wanted.push(nsec(ofName, any))
    }
  return wanted.slice(answers.length)
}

function followedNames(record: ResourceRecord): string[] {
  if (record.type === 'SRV') return [record.data.target]
  if (record.type === 'PTR') return /\.(in-addr|ip6)\.arpa$/.test(record.name) ? [] : [record.data]
  return record.type === 'A' || record.type === 'AAAA' ? [record.name] : []
}

function isNsecOf(record: ResourceRecord, name: string): boolean {
  return record.type === 'NSEC' && sameName(record.name, name)
}

function distinct(records: readonly ResourceRecord[]): ResourceRecord[] {
  return [...new Map(records.map((record) => [recordKey(record), record])).values()]
}
