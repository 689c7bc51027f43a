import { setTimeout } from 'node:timers/promises'

/** The longest a Node timer can wait, 24.8 days; one that is asked for more ends at once. */
const longestTimerMs = 2 ** 31 - 1

/** Resolves after `milliseconds`, or at once when the signal is aborted: the caller looks at the signal. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await setTimeout(Math.min(milliseconds, longestTimerMs), undefined, signal ? { signal } : {})
  } catch (error) {
    if (!signal?.aborted) throw error
  }
}

/** A number of milliseconds spread evenly from `least` to `most`; `random` gives 0 <= x < 1. */
export function spread(least: number, most: number, random: () => number): number {
  return least + random() * (most - least)
}

/** Parses `500ms`, `4s`, `10m` or plain seconds into milliseconds; undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|)$/.exec(text)
  if (!match) return undefined
  const factor = { ms: 1, s: 1000, m: 60_000 }[match[2] || 's'] ?? 1000
  return Number(match[1]) * factor
}
