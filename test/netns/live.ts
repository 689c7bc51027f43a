import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { commandEnvironment } from '../../common/command.ts'
import type { InstallerEvent } from '../../scanner/print/ndjson.ts'
import { type Lab, scannerProgram } from './lab.ts'

/** A `scanner` that runs while the test goes on, and what it says. */
export interface Live {
  pid: number
  /** The first event, from those not yet given out, that fits; rejects when the program ends before. */
  event(fits: (event: Timed) => boolean): Promise<Timed>
  /** The same, among all events from the beginning. */
  ever(fits: (event: Timed) => boolean): Promise<Timed>
  /** All events so far. */
  events: Timed[]
  stop(signal?: NodeJS.Signals): void
  /** Its status, and what it said to people. */
  ended: Promise<{ status: number | null; stderr: string }>
}

export interface Timed extends InstallerEvent {
  /** When the line came, in milliseconds of performance.now. */
  cameAt: number
}

/** Starts `scanner` on the operator's machine and reads the events that it prints. */
export function startLive(
  t: Test,
  lab: Lab,
  args: readonly string[],
  /** After so many lines nobody reads on, as with `| head`. */
  { readLines = Number.POSITIVE_INFINITY } = {},
): Live {
  const [first = '', ...rest] = [...lab.operator.enter, process.execPath, scannerProgram, ...args]
  const child = spawn(first, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...commandEnvironment(), XDG_STATE_HOME: lab.files.folder },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const events: Timed[] = []
  let wake = () => {}
  let given = 0
  let over = false
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push({ ...(JSON.parse(line) as InstallerEvent), cameAt: performance.now() })
    if (events.length >= readLines) child.stdout.destroy()
    wake()
  })
  const ended = new Promise<{ status: number | null; stderr: string }>((resolve) => {
    child.on('close', (status) => {
      over = true
      wake()
      resolve({ status, stderr })
    })
  })
  const next = async (from: number, fits: (event: Timed) => boolean): Promise<Timed> => {
    for (;;) {
      const at = events.findIndex((event, index) => index >= from && fits(event))
      const found = events[at]
      if (found) {
        given = Math.max(given, at + 1)
        return found
      }
      if (over) throw new Error(`it ended: ${stderr}\n${JSON.stringify(events)}`)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return {
    pid: child.pid ?? 0,
    events,
    ended,
    stop: (signal = 'SIGTERM') => void child.kill(signal),
    event: (fits) => next(given, fits),
    ever: (fits) => next(0, fits),
  }
}
