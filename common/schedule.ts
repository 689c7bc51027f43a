/** The longest a Node timer can wait, 24.8 days; one that is asked for more ends at once. */
const longestTimerMs = 2 ** 31 - 1

/**
 * Resolves after `milliseconds`, or at once when the signal is aborted: the caller looks at the signal.
 * Less than nothing is none: newer Nodes complain of it on stderr.
 */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, Math.min(Math.max(0, milliseconds), longestTimerMs))
    signal?.addEventListener('abort', end)
  })
}

/** A signal with an end of its own, and the call that frees its timer and listener. */
export interface Deadline {
  signal: AbortSignal
  clear(): void
}

/**
 * Aborted with `parent`, or after `milliseconds`; Infinity is no end. Not AbortSignal.any: on Node 20 what it gives may
 * be collected while it is waited for, and then never fires.
 */
export function deadline(milliseconds: number, parent: AbortSignal): Deadline {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const ends = milliseconds !== Number.POSITIVE_INFINITY
  const timer = ends ? setTimeout(abort, Math.min(milliseconds, longestTimerMs)) : undefined
  parent.addEventListener('abort', abort)
  if (parent.aborted) abort()
  const clear = () => {
    clearTimeout(timer)
    parent.removeEventListener('abort', abort)
  }
  return { signal: controller.signal, clear }
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
