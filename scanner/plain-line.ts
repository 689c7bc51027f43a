import { runProgram } from '../common/cli.ts'
import { type Ahead, takeOver } from './look-ahead.ts'
import type { PlainVerb } from './plain-words.ts'

/**
 * Runs one of the verbs that are typed most, by people and by ssh, and are read without yargs, which
 * takes as long to load as Node to start; any other command line is for yargs. `ahead` is what the
 * entry has asked for.
 */
export async function runPlainly(
  verbs: readonly ((argv: readonly string[]) => PlainVerb | undefined)[],
  argv: readonly string[],
  ahead: Ahead | undefined,
): Promise<never> {
  const [verb] = verbs.flatMap((each) => each(argv) ?? [])
  if (!verb) return (await import('./command-line.ts')).run(argv, ahead)
  if (ahead) takeOver(ahead)
  return runProgram('scanner', verb)
}
