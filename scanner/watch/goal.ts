import type { Machine } from '../machine.ts'
import type { Situation } from './follow.ts'

/** What a script waits for. */
export const goals = ['announced', 'ssh', 'gone'] as const
export type Goal = (typeof goals)[number]

/** `ambiguous`: more than one machine fits, and which is meant nobody can say. */
export type Verdict = 'reached' | 'ambiguous' | 'not yet'

/** Rounds after which nobody who is there has been missed: one lost packet is not to say that a machine is gone. */
const roundsForAbsence = 2

/** Waits for a NAME: keeps in mind who it meant. */
export class Waiting {
  readonly #goal: Goal
  readonly #isUnique: boolean
  /** The boot of each machine that has fitted, by its id; null where none was told. */
  readonly #boots = new Map<string, string | null>()

  constructor(goal: Goal, name: string) {
    this.#goal = goal
    this.#isUnique = isUnique(name)
  }

  /** Whether what is waited for is there now. */
  judge(situation: Situation): Verdict {
    return this.#goal === 'gone' ? this.#judgeAbsence(situation) : this.#judgePresence(situation)
  }

  #judgePresence({ machines, fading, rounds }: Situation): Verdict {
    // Another that fits may be about to answer, until one round is over; of a whole MAC or id there is one.
    if (!this.#isUnique && rounds === 0) return 'not yet'
    const [machine, ...others] = machines
    if (others.length > 0) return 'ambiguous'
    if (machine === undefined || fading.has(machine)) return 'not yet'
    return this.#goal === 'announced' || machine.ssh.reachable ? 'reached' : 'not yet'
  }

  /** All that fit are to be gone; one that has booted anew was gone in between. */
  #judgeAbsence({ machines, rounds }: Situation): Verdict {
    const former = machines.filter((machine) => !this.#hasRebooted(machine))
    const known = this.#boots.size > 0
    for (const { id, agent } of former) {
      const boot = this.#boots.get(id)
      if (boot === undefined || boot === null) this.#boots.set(id, agent?.boot ?? null)
    }
    return former.length === 0 && (known || rounds >= roundsForAbsence) ? 'reached' : 'not yet'
  }

  #hasRebooted({ id, agent }: Machine): boolean {
    const boot = this.#boots.get(id)
    return Boolean(boot && agent?.boot && agent.boot !== boot)
  }
}

/** A whole id, or a whole MAC. */
function isUnique(name: string): boolean {
  return /^([0-9a-f]{16}|[0-9a-f]{12})$/i.test(name.replaceAll(/[:-]/g, ''))
}
