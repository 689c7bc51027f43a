import type { PlainVerb } from '../plain-words.ts'

/**
 * `scanner complete -- WORDS`, which the scripts of `scanner completion` ask: in no help, and read without yargs, which takes
 * longer than the answer.
 */
export function completePlainly([verb, dashes, ...typed]: readonly string[]):
  | PlainVerb
  | undefined {
  return verb === 'complete' && dashes === '--' ? () => run(typed) : undefined
}

async function run(typed: readonly string[]): Promise<number> {
  const { answer } = await import('../commands/complete.ts')
  return answer(typed, process.argv[1] ?? '')
}
