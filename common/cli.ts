import { exitStatus } from './contract.ts'
import { errorMessage, Failure } from './failure.ts'

/**
 * Runs a program to its end and sets the exit status: the only place that does. A Failure is
 * told in two lines, what and what to do; anything else is a fault of ours and says so.
 */
export async function runProgram(name: string, main: () => Promise<number>): Promise<void> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? exitStatus.done : exitStatus.failed)
  })
  try {
    process.exitCode = await main()
  } catch (error) {
    process.exitCode = error instanceof Failure ? error.exitStatus : exitStatus.failed
    process.stderr.write(describeError(name, error))
  }
}

export function describeError(name: string, error: unknown): string {
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
