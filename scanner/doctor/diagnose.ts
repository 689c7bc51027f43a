import { setMaxListeners } from 'node:events'
import { explain } from '../../common/failure.ts'
import { type Deadline, deadline } from '../../common/schedule.ts'
import type { Check, Context } from './check.ts'
import type { Finding, LayerFinding } from './finding.ts'

/** A search of five seconds, a login of four, and what a slow computer adds; a check that takes longer hangs. */
const checkMs = 11_000

/** Runs all checks at once and gives what they find in their order, as soon as it can be told. */
export async function* diagnose(
  checks: readonly Check[],
  context: Context,
  signal: AbortSignal,
  withinMs = checkMs,
): AsyncGenerator<LayerFinding> {
  const timeUp = deadline(withinMs, signal)
  // One and more for each check.
  setMaxListeners(0, timeUp.signal)
  try {
    const running = checks.map((check) => ({ ...check, findings: attempt(check, context, timeUp) }))
    for (const { layer, findings } of running)
      for (const finding of await findings) {
        if (signal.aborted) return
        yield { ...finding, layer }
      }
  } finally {
    timeUp.clear()
  }
}

/** What a check finds; that it could not look is a finding as well. */
async function attempt(check: Check, context: Context, { signal }: Deadline): Promise<Finding[]> {
  const late = new Promise<never>((_, reject) => {
    const refuse = () => reject(new Error('it takes too long'))
    signal.addEventListener('abort', refuse)
    if (signal.aborted) refuse()
  })
  try {
    return await Promise.race([check.run(context, signal), late])
  } catch (error) {
    const why = signal.aborted ? 'it takes too long' : explain(error)
    return [{ level: 'warn', code: 'unseen', reason: `could not be looked at: ${why}` }]
  }
}
