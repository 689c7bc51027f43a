import { readFileSync } from 'node:fs'
import { errorMessage } from '../common/failure.ts'
import { wrongUsage } from './option-checks.ts'

/** The options in a JSON file; throws a Failure with usage status. */
export function readConfig(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw wrongUsage(
      `cannot read ${path} as JSON: ${errorMessage(cause)}`,
      'see --help for the keys',
      cause,
    )
  }
}
