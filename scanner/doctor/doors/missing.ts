import { errorCode, Failure } from '../../../common/failure.ts'

/**
 * Whether a command could not be started because it is not there. EACCES: a folder on PATH may not be
 * looked into, and no other has the command.
 */
export function isMissing(error: unknown): boolean {
  const cause = error instanceof Failure ? error.cause : error
  return errorCode(cause) === 'ENOENT' || errorCode(cause) === 'EACCES'
}
