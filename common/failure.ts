import { type ExitStatus, exitStatus } from './contract.ts'

/**
 * Something went wrong that the person at the keyboard can act on.
 * The message says what was expected and what came; `advice` says what to do next.
 * Any other error that reaches `main` is a fault of ours and is shown as one.
 */
export class Failure extends Error {
  readonly exitStatus: ExitStatus
  readonly advice: string | undefined

  constructor(
    message: string,
    options: { exitStatus?: ExitStatus; advice?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'Failure'
    this.exitStatus = options.exitStatus ?? exitStatus.failed
    this.advice = options.advice
  }
}

/** The `code` of a Node or system error (`ENOENT`, `EADDRINUSE`), if it has one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** An error in one line: what, and in brackets what to do. */
export function explain(error: unknown): string {
  const advice = error instanceof Failure && error.advice ? ` (${error.advice})` : ''
  return errorMessage(error) + advice
}
