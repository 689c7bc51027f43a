import { createRequire } from 'node:module'
import type * as Pino from 'pino'

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** The narrow part of pino that the programs use: an object of facts, then a sentence. */
export interface Log {
  error(facts: object, sentence: string): void
  warn(facts: object, sentence: string): void
  info(facts: object, sentence: string): void
  debug(facts: object, sentence: string): void
}

/**
 * A log of JSON lines on stderr; stdout is for data. Synchronous, so that the last words
 * before an exit are not lost. pino is loaded when there is something to log: it costs half the
 * start-up time of Node itself.
 */
export function createLog(name: string, level: LogLevel): Log {
  if (level === 'silent') return silence
  const { pino } = createRequire(import.meta.url)('pino') as typeof Pino
  const stderr = pino.destination({ dest: 2, sync: true })
  const options = { name, level, base: { pid: process.pid } }
  return pino(options, process.env.JOURNAL_STREAM ? withPriority(stderr) : stderr)
}

/** The journal takes the priority of a line from its beginning (sd-daemon(3)). */
function withPriority(stream: Pino.DestinationStream): Pino.DestinationStream {
  return { write: (line) => stream.write(`<${priorityOf(line)}>${line}`) }
}

/** From pino's level, which it writes first, to syslog(3)'s. */
function priorityOf(line: string): number {
  const level = Number(/^\{"level":(\d+)/.exec(line)?.[1])
  if (level >= 60) return 2
  if (level >= 50) return 3
  if (level >= 40) return 4
  return level >= 30 ? 6 : 7
}

const silence: Log = { error() {}, warn() {}, info() {}, debug() {} }
