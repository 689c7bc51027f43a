import { recordText, typeName } from './dns.ts'
import type { Lab } from './lab.ts'
import type { Packet } from './pcap.ts'

export type LinkKind = 'IPv6' | 'IPv4' | 'dual' | 'two'

/** One sentence of the RFC, and how to see on the wire whether it is kept. */
export interface Check {
  /** Of RFC 6762, or `6763:` and of that. */
  section: string
  level: 'MUST' | 'SHOULD'
  /** What the RFC asks for, in our words. */
  says: string
  /**
   * `shared`: a peer that has announced, with other checks before and after this one.
   * `fresh`: a peer that has just announced. `off`: it is started by the check.
   */
  peer: 'shared' | 'fresh' | 'off'
  /** The check leaves machine or link other than they were: nobody else gets them. */
  alters?: boolean
  links: readonly LinkKind[]
  /** Throws a Violation when the peer does not keep it. */
  run(lab: Lab): Promise<void> | void
}

/** The peer did other than the RFC says; the message has what was on the wire. */
export class Violation extends Error {
  constructor(message: string, evidence: readonly Packet[] = []) {
    super([message, ...evidence.slice(0, 12).map(packetText)].join('\n'))
    this.name = 'Violation'
  }
}

export function must(
  kept: boolean,
  message: string,
  evidence: readonly (Packet | undefined)[] = [],
): asserts kept {
  if (!kept)
    throw new Violation(
      message,
      evidence.filter((each) => each !== undefined),
    )
}

/** For what has to be there: gives it, or throws. */
export function need<T>(
  value: T | undefined,
  message: string,
  evidence: readonly (Packet | undefined)[] = [],
): T {
  must(value !== undefined, message, evidence)
  return value as T
}

/** A packet in a few lines, for people. */
export function packetText(packet: Packet): string {
  const { message } = packet
  const when = (packet.at % 100_000).toFixed(1)
  const way = `${packet.source}:${packet.sourcePort} > ${packet.destination}:${packet.destinationPort}`
  if (!message) return `  ${when} ${way} ${packet.malformed ?? ''}`
  const flags = (['qr', 'aa', 'tc', 'rd', 'ra', 'z', 'ad', 'cd'] as const).filter(
    (key) => message[key],
  )
  const questions = message.questions.map(
    (each) => `? ${each.name} ${typeName(each.type)}${each.unicast ? ' QU' : ''}`,
  )
  const section = (mark: string, records: typeof message.answers) =>
    records.map((record) => `${mark} ${recordText(record)}`)
  const lines = [
    ...questions,
    ...section('=', message.answers),
    ...section('!', message.authorities),
    ...section('+', message.additionals),
  ]
  const more = lines.length > 14 ? [`... ${lines.length - 14} more`] : []
  return [
    `  ${when} ${way} id=${message.id} ${flags.join(' ')} ${packet.size} bytes`,
    ...[...lines.slice(0, 14), ...more].map((line) => `      ${line.slice(0, 110)}`),
  ].join('\n')
}

/** For the list of results. */
export function checkName({ section, level, says }: Check, link: LinkKind): string {
  return `${section} ${level} ${says} (${link})`
}
