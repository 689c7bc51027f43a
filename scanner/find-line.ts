import type { Ahead } from './look-ahead.ts'
import { runPlainly } from './plain-line.ts'
import { findPlainly } from './verbs/find.ts'

/** `scanner find` and what it needs. */
export function run(argv: readonly string[], ahead: Ahead | undefined): Promise<never> {
  return runPlainly([findPlainly], argv, ahead)
}
