import { reverseName } from '../../common/address.ts'
import {
  defaultHostname,
  installerSubtype,
  sshService,
  stockHostnames,
} from '../../common/contract.ts'
import { type Question, type ResourceRecord, sameName } from '../../common/message.ts'

/** What the scanner asks by mDNS: pure. */

const ask = (name: string, type: string): Question => ({
  name,
  type,
  internet: true,
  unicast: false,
})

/** The host names that live systems have: our own, and those without our agent. Each once: names differ not by case. */
export const liveNames: readonly string[] = once([defaultHostname, ...stockHostnames])

/** Names, and of those that differ by case alone the last. */
export function once(names: readonly string[]): string[] {
  return [...new Map(names.map((each) => [each.toLowerCase(), each])).values()]
}

/** The addresses of the host names, without `.local`, that live systems have. */
export function hostQuestions(names: readonly string[]): Question[] {
  return names.flatMap((name) => [ask(`${name}.local`, 'AAAA'), ask(`${name}.local`, 'A')])
}

/** The installers, and all ssh services (RFC 6763 sections 4 and 7.1). */
export function serviceQuestions(): Question[] {
  return [ask(installerSubtype, 'PTR'), ask(sshService, 'PTR')]
}

/** For one machine, in one packet: all of it, and by the address that it was seen at its name. */
export function directQuestions(address: string, names: readonly string[]): Question[] {
  return [...serviceQuestions(), ...hostQuestions(names), ask(reverseName(address), 'PTR')]
}

/**
 * What section 10 of RFC 6762 recommends as TTL, in seconds. One-shot answers come with theirs cut
 * down to ten (6.7), by which no responder would know that its answer is known.
 */
const recommendedTtl = { A: 120, AAAA: 120, PTR: 4500 }

export interface HeardRecord {
  record: ResourceRecord
  /** Milliseconds of a steady clock. */
  heardAt: number
}

/** Whether the record is of a type that is asked for. */
export function isAnswer(
  record: ResourceRecord,
): record is Extract<ResourceRecord, { type: 'A' | 'AAAA' | 'PTR' }> {
  return record.type === 'A' || record.type === 'AAAA' || record.type === 'PTR'
}

/**
 * The records, of those heard, that answer one of the questions and have at least half of their life
 * before them: what need not be said again (7.1).
 */
export function knownAnswers(
  questions: readonly Question[],
  heard: Iterable<HeardRecord>,
  now: number,
): ResourceRecord[] {
  const known: ResourceRecord[] = []
  for (const { record, heardAt } of heard) {
    if (!isAnswer(record)) continue
    const ttl = Math.floor(recommendedTtl[record.type] - (now - heardAt) / 1000)
    const isAsked = (each: Question) =>
      each.type === record.type && sameName(each.name, record.name)
    if (ttl < recommendedTtl[record.type] / 2 || !questions.some(isAsked)) continue
    known.push({ ...record, ttl, flush: false })
  }
  return known
}
