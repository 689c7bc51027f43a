import { encodeMessage } from './encode.ts'
import { type Message, type Question, type ResourceRecord, sameName, setKey } from './message.ts'

/**
 * A message as datagrams of at most `maxBytes` each, within the link's MTU (RFC 6762 section 17).
 * What fits goes as one. A response is spread by its record sets, so that whoever hears one
 * datagram has whole sets; additional records go along as far as they fit. A probe is spread by its
 * names. A single record that is too large travels alone, in fragments.
 */
export function packMessage(message: Partial<Message>, maxBytes: number): Buffer[] {
  const whole = encodeMessage(message)
  if (whole.length <= maxBytes) return [whole]
  return message.response ? packResponse(message, maxBytes) : packProbe(message)
}

function packResponse(message: Partial<Message>, maxBytes: number): Buffer[] {
  const { answers = [], additionals = [], ...head } = message
  const fits = (part: Partial<Message>) => encodeMessage(part).length <= maxBytes
  const parts: (Partial<Message> & { answers: ResourceRecord[] })[] = []
  const add = (records: readonly ResourceRecord[]): boolean => {
    const grown = { ...head, answers: [...(parts.at(-1)?.answers ?? []), ...records] }
    if (!fits(grown)) return false
    parts.splice(-1, 1, grown)
    return true
  }
  for (const set of recordSets(answers)) {
    if (add(set)) continue
    parts.push({ ...head, answers: [] })
    if (add(set)) continue
    for (const record of set) if (!add([record])) parts.push({ ...head, answers: [record] })
  }
  const last: Partial<Message> = { ...(parts.at(-1) ?? head), additionals: [] }
  for (const set of recordSets(additionals)) {
    const grown = [...(last.additionals ?? []), ...set]
    if (fits({ ...last, additionals: grown })) last.additionals = grown
  }
  return [...parts.slice(0, -1), last]
    .filter((part) => (part.answers ?? []).length > 0)
    .map(encodeMessage)
}

function packProbe({ questions = [], authorities = [], ...head }: Partial<Message>): Buffer[] {
  return questions.map((question) => {
    const ofName = authorities.filter((record) => sameName(record.name, question.name))
    return encodeMessage({ ...head, questions: [question], authorities: ofName })
  })
}

/** Records of one name and type are a set, in the order of its first. */
function recordSets(records: readonly ResourceRecord[]): ResourceRecord[][] {
  const sets = new Map<string, ResourceRecord[]>()
  for (const record of records) {
    const key = setKey(record)
    const set = sets.get(key)
    if (set) set.push(record)
    else sets.set(key, [record])
  }
  return [...sets.values()]
}

/** Bytes of a message that says nothing. */
const emptyBytes = 12

/**
 * Questions and the answers that are known, in as many messages as they need to stay within
 * `maxBytes`; all but the last say that more follow (RFC 6762 section 7.2).
 */
export function packQuery(
  questions: readonly Question[],
  known: readonly ResourceRecord[],
  maxBytes: number,
): Partial<Message>[] {
  const parts: ResourceRecord[][] = [[]]
  let room = maxBytes - encodeMessage({ questions: [...questions] }).length
  for (const record of known) {
    const size = encodeMessage({ answers: [record] }).length - emptyBytes
    if (size > room) {
      parts.push([])
      room = maxBytes - emptyBytes
    }
    parts.at(-1)?.push(record)
    room -= size
  }
  return parts.map((answers, index) => ({
    questions: index === 0 ? [...questions] : [],
    answers,
    truncated: index < parts.length - 1,
  }))
}
