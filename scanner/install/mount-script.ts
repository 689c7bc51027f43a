import { asScript } from '../remote/script.ts'
import { shellWords } from '../remote/shell-words.ts'
import type { Step } from './mount-plan.ts'

/** The steps as commands to be pasted: each is done only when the one before it was. */
export function asCommands(steps: readonly Step[], usesSudo: boolean): string {
  const prefix = usesSudo ? ['sudo'] : []
  return steps
    .map(
      ({ words }, at) =>
        `${shellWords([...prefix, ...words])}${at < steps.length - 1 ? ' &&' : ''}\n`,
    )
    .join('')
}

/**
 * The steps as a script that says of each what came of it, and takes back what it did when one fails.
 * It goes on to its end also when nobody listens any more: half a plan is worse than none.
 */
export function stepScript(steps: readonly Step[]): string {
  return asScript(
    ["trap '' HUP INT TERM PIPE", ...steps.map((_, at) => compile(steps, at))].join('\n'),
  )
}

function compile(steps: readonly Step[], at: number): string {
  const { words, unless } = steps[at] as Step
  const undone = steps.slice(0, at).map((step, index) => takeBack(step, index))
  const command = [
    `if ${shellWords(words)} >&2; then did${at}=yes; echo "ok ${at}"`,
    `else echo "failed ${at}"`,
    ...undone.reverse(),
    'return 1; fi',
  ].join('\n')
  return unless ? `if ! ${shellWords(unless)}; then\n${command}\nfi` : command
}

function takeBack({ undo }: Step, at: number): string {
  return `if [ "\${did${at}:-}" ]; then if ${shellWords(undo)} >&2; then echo "undone ${at}"; else echo "stuck ${at}"; fi; fi`
}

/** What the script said came of the steps, by their number. */
export type Outcome = 'ok' | 'failed' | 'undone' | 'stuck'

export function readOutcomes(said: string): Map<number, Outcome> {
  const lines = said.matchAll(/^(ok|failed|undone|stuck) (\d+)$/gm)
  return new Map([...lines].map(([, outcome, at]) => [Number(at), outcome as Outcome]))
}
