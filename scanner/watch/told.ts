import type { Machine } from '../machine.ts'
import { compare, type MachineEvent } from './events.ts'

/** The events of one look: each machine is told of once all is known of it that it is asked for. */
export class Told {
  #machines: Machine[] = []
  readonly #isComplete: (machine: Machine) => boolean

  constructor(isComplete: (machine: Machine) => boolean) {
    this.#isComplete = isComplete
  }

  /** Those of the machines that are complete, and were not told of. */
  soFar(machines: readonly Machine[]): MachineEvent[] {
    const { events } = compare(this.#machines, machines)
    const found = events.filter((each) => each.event === 'found' && this.#isComplete(each.machine))
    this.#machines.push(...found.map((each) => each.machine))
    return found
  }

  /** At the end: the others, and what has changed of those that were told of. */
  rest(machines: readonly Machine[]): MachineEvent[] {
    return compare(this.#machines, machines).events
  }
}
