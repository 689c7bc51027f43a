import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { errorCode } from '../../common/failure.ts'

/** Signals that reach ssh by the terminal as well: ssh decides what they mean. */
const terminalSignals = ['SIGINT', 'SIGQUIT'] as const
/** Signals sent to us alone are passed on. */
const passedSignals = ['SIGTERM', 'SIGHUP'] as const

/**
 * Runs the system's ssh in our place; where there is none it is for `instead` to do.
 */
export function runSsh(args: readonly string[], instead: () => Promise<number>): Promise<number> {
  return runInPlace('ssh', args, instead)
}

/**
 * Runs a program in our place: same terminal, so that window size, job control and Ctrl-C are its own;
 * gives its exit status, or 128 + n when signal n ended it, as a shell does. Where there is no such program
 * it is for `instead` to do.
 */
export function runInPlace(
  command: string,
  args: readonly string[],
  instead: () => Promise<number>,
): Promise<number> {
  return startInPlace(command, args).ended.catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return instead()
    throw error
  })
}

/** A program in our place. */
export interface InPlace {
  ended: Promise<number>
  kill(): void
}

export function startInPlace(command: string, args: readonly string[]): InPlace {
  const child = spawn(command, args, { stdio: 'inherit' })
  return { ended: endOf(child), kill: () => void child.kill() }
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const handlers = [
      ...terminalSignals.map((name) => [name, () => {}] as const),
      ...passedSignals.map((name) => [name, () => void child.kill(name)] as const),
    ]
    for (const [name, handler] of handlers) process.on(name, handler)
    const restore = () => {
      for (const [name, handler] of handlers) process.off(name, handler)
    }
    child.on('error', (error) => {
      restore()
      reject(error)
    })
    child.on('close', (status, signal) => {
      restore()
      resolve(status ?? 128 + (signal ? constants.signals[signal] : 0))
    })
  })
}
