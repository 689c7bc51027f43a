import { writeSync } from 'node:fs'
import { type Log, type LogLevel, logLevels } from '../../common/log.ts'
import { printableWord } from '../../common/printable.ts'

type Level = keyof Log
/** syslog(3). */
const priorities: Record<Level, number> = { error: 3, warn: 4, info: 6, debug: 7 }

/**
 * A log to the journal's own socket: each fact is a field of its own (`journalctl LINK=eno1`), and
 * nothing has to be loaded for it. The journal itself says who wrote, and when.
 */
export function journalLog(socket: number, name: string, level: LogLevel): Log {
  const say = (own: Level) => {
    if (logLevels.indexOf(own) > logLevels.indexOf(level)) return () => {}
    return (facts: object, sentence: string) =>
      send(socket, journalEntry(name, own, facts, sentence))
  }
  return { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') }
}

/** A log must not end the program: what the journal does not take goes the way of other output. */
function send(socket: number, entry: Buffer): void {
  try {
    writeSync(socket, entry)
  } catch {
    process.stderr.write(entry)
  }
}

/** A datagram of the journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
export function journalEntry(name: string, level: Level, facts: object, sentence: string): Buffer {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined)
  const fields = known.flatMap(([key, value]) =>
    [value].flat().map((each) => field(fieldName(key), text(each))),
  )
  const words = known.map(([key, value]) => `${key}=${[value].flat().map(text).join(',')}`)
  return Buffer.concat([
    field('MESSAGE', printableWord([sentence, ...words].join(' '))),
    field('PRIORITY', String(priorities[level])),
    field('SYSLOG_IDENTIFIER', name),
    ...fields,
  ])
}

function fieldName(key: string): string {
  return key.replace(/[A-Z]/g, '_$&').toUpperCase()
}

function text(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** With its length in front of it a value may have lines: none of them becomes a field. */
function field(name: string, value: string): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(bytes.length))
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')])
}
