/**
 * No clock that is right shows a time before this program was written. One without a battery does: it
 * begins in 1970, or on the day when the firmware was made.
 */
export const earliestTime = Date.UTC(2026, 10, 1)

const dayMs = 24 * 60 * 60 * 1000
/**
 * Nothing renews a certificate, and a machine may wait for months to be installed. A short life would
 * protect nothing: who can take the host key from an installer can take the authority's key as well.
 */
const lifeDays = 365
/** With a clock that is certainly wrong nothing is known but that it is later than that. */
const lifeWithoutClockDays = 3650

/**
 * When a certificate that is made now ends, in seconds since 1970. It has no beginning: the clock of a
 * live system may be ahead of the operator's, by a time zone if the firmware keeps local time.
 */
export function validUntil(nowMs: number): number {
  const hasClock = nowMs >= earliestTime
  const ms = hasClock ? nowMs + lifeDays * dayMs : earliestTime + lifeWithoutClockDays * dayMs
  return Math.floor(ms / 1000)
}
