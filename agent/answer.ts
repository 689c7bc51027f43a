import {
  type Message,
  type Question,
  type ResourceRecord,
  recordKey,
  sameName,
} from '../common/message.ts'

/** How a question came: it decides the form of the answer and where it goes. */
export interface Asker {
  /** From another port than 5353: a one-shot querier that knows plain DNS only (RFC 6762 section 6.7). */
  legacy: boolean
  /** Sent to one of our addresses, not to the group (RFC 6762 section 5.5). */
  direct: boolean
}

export interface Reply {
  to: 'sender' | 'group'
  /** `shared`: others may answer as well, so wait 20-120 ms (RFC 6762 section 6). */
  delay: 'none' | 'shared'
  message: Partial<Message>
}

/** RFC 6762 section 6.7: a legacy querier has no cache coherency, so it must ask again soon. */
const legacyTtl = 10
/** One-shot queriers ask one question, our scanner eight; the reply repeats them, so a spoofed one may not grow it. */
const maxLegacyQuestions = 16
/** RFC 6762 section 6: no record is multicast twice within a second. */
const repeatSeconds = 1
/** The one exception: who probes decides after 250 ms, so a name is defended as soon as that. */
const repeatToProbeSeconds = 0.25

/**
 * What to answer to a query, from the records of the link that it came in on.
 * `sinceMulticast` gives the seconds since a record last went to the group (Infinity: never).
 */
export function answer(
  records: readonly ResourceRecord[],
  query: Message,
  asker: Asker,
  sinceMulticast: (record: ResourceRecord) => number,
): Reply[] {
  const questions = asker.legacy ? query.questions.slice(0, maxLegacyQuestions) : query.questions
  const answered = distinctQuestions(questions).map((question) => ({
    question,
    found: question.internet ? matching(records, question.name, question.type) : [],
  }))
  const known = longestLives(query.answers)
  // RFC 6762 section 7.1: the querier has it already, with at least half of its life left.
  const unknown = (record: ResourceRecord) => (known.get(recordKey(record)) ?? -1) < record.ttl / 2
  if (asker.legacy) {
    const found = distinct(answered.flatMap((each) => each.found)).filter(unknown)
    const asked = answered.map((each) => each.question)
    return found.length > 0 ? [legacyReply(records, query.id, asked, found)] : []
  }
  // A query with authorities is a probe (RFC 6762 section 8.2).
  const repeat = query.authorities.length > 0 ? repeatToProbeSeconds : repeatSeconds
  const toSender: ResourceRecord[] = []
  const toGroup: ResourceRecord[] = []
  for (const { question, found } of answered)
    for (const record of found.filter(unknown)) {
      // RFC 6762 section 5.4: unicast is welcome, but a record that the group has not heard for
      // a quarter of its life goes to all.
      const fresh = sinceMulticast(record) < record.ttl / 4
      if ((question.unicast && fresh) || asker.direct) toSender.push(record)
      else if (sinceMulticast(record) >= repeat) toGroup.push(record)
    }
  return [
    ...reply('sender', records, distinct(toSender), asker.direct),
    ...reply('group', records, distinct(toGroup), false),
  ]
}

/**
 * The records that answer one question: name and type; for a unique name that lacks the type, the
 * NSEC record that says so (RFC 6762 section 6.1).
 */
function matching(
  records: readonly ResourceRecord[],
  name: string,
  type: string,
): ResourceRecord[] {
  const ofName = records.filter((record) => sameName(record.name, name))
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

function reply(
  to: Reply['to'],
  records: readonly ResourceRecord[],
  answers: ResourceRecord[],
  /** Nobody else was asked. */
  alone: boolean,
): Reply[] {
  if (answers.length === 0) return []
  const delay = !alone && answers.some((record) => !record.flush) ? 'shared' : 'none'
  const additionals = additionalRecords(records, answers)
  return [{ to, delay, message: { response: true, answers, additionals } }]
}

/** RFC 6762 section 6.7: the question repeated, its id, short lives, no cache-flush bit. */
function legacyReply(
  records: readonly ResourceRecord[],
  id: number,
  questions: readonly Question[],
  found: ResourceRecord[],
): Reply {
  const plain = (record: ResourceRecord): ResourceRecord => ({
    ...record,
    ttl: Math.min(record.ttl, legacyTtl),
    flush: false,
  })
  const asked = questions.map((question) => ({ ...question, unicast: false }))
  return {
    to: 'sender',
    delay: 'none',
    message: {
      id,
      response: true,
      questions: asked,
      answers: found.map(plain),
      additionals: additionalRecords(records, found).map(plain),
    },
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
