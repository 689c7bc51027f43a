/** What a look at the clocks tells. */
export interface Look {
  /** Milliseconds of a steady clock. */
  now: number
  /** By how much the time of day was set since the last look, in milliseconds; 0 when it was not. */
  setByMs: number
  /** This program, or the whole machine, has slept. */
  woken: boolean
}

/** Less than this is a busy machine, or a clock that is being disciplined. */
const jumpMs = 5000

/**
 * Lifetimes are measured by a clock that nobody sets. It stands still while the machine sleeps, and
 * the time of day does not: so a sleep, of the machine or of this program alone, is noticed by
 * looking at both at least every `tickMs`.
 */
export function steadyClock(
  tickMs: number,
  steady: () => number = () => performance.now(),
  timeOfDay: () => number = () => Date.now(),
): () => Look {
  let before = { steady: steady(), timeOfDay: timeOfDay() }
  return () => {
    const present = { steady: steady(), timeOfDay: timeOfDay() }
    const passed = present.steady - before.steady
    const drift = present.timeOfDay - before.timeOfDay - passed
    before = present
    return {
      now: present.steady,
      setByMs: Math.abs(drift) > jumpMs ? drift : 0,
      woken: drift > jumpMs || passed > tickMs + jumpMs,
    }
  }
}
