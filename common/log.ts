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
export async function createLog(name: string, level: LogLevel): Promise<Log> {
  if (level === 'silent') return silence
  const { pino } = await import('pino')
  const log: Log = pino(
    { name, level, base: { pid: process.pid } },
    pino.destination({ dest: 2, sync: true }),
  )
  return log
}

const silence: Log = { error() {}, warn() {}, info() {}, debug() {} }
