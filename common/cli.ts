import { exitStatus } from './contract.ts'
import { errorMessage, Failure } from './failure.ts'
import { printable } from './printable.ts'

/**
 * Runs a program to its end and exits with its status: the only place that does. A Failure is
 * told in two lines, what and what to do; anything else is a fault of ours and says so.
 */
export async function runProgram(name: string, main: () => Promise<number>): Promise<never> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? exitStatus.done : exitStatus.failed)
  })
  let hasEnded = false
  process.stdout.once('finish', () => {
    hasEnded = true
  })
  const status = await main().catch((error: unknown) => {
    process.stderr.write(describeError(name, error))
    return error instanceof Failure ? error.exitStatus : exitStatus.failed
  })
  // What was written goes out first: pipes are asynchronous on some systems.
  // After an end of its own it is written already; Node opens the stream again then, onto nothing.
  if (!hasEnded) await new Promise((resolve) => process.stdout.write('', resolve))
  process.exit(status)
}

/** An error in words for a terminal, whatever was typed or heard that it repeats. */
export function describeError(name: string, error: unknown): string {
  return printable(wordsOf(name, error))
}

function wordsOf(name: string, error: unknown): string {
  if (error instanceof Failure)
    return `${name}: ${error.message}\n${error.advice ? `${' '.repeat(name.length)}  ${error.advice}\n` : ''}`
  const stack = error instanceof Error && process.env.DEBUG ? `\n${error.stack}` : ''
  return `${name}: unexpected error: ${errorMessage(error)}${stack}\n  this is a fault of ours; DEBUG=1 shows where\n`
}

/** A signal that is aborted by Ctrl-C, by SIGTERM, and when the terminal goes away. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => controller.abort(name))
  return controller.signal
}
