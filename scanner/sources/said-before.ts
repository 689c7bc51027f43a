import type { Answer } from './querier.ts'

/** Of 1,000 machines each answers by two ways; more is a flood, of which each packet is read. */
const maxRemembered = 8192

/** Answers of a round: most machines say the same by unicast and to the group, which is read once. */
export class SaidBefore {
  readonly #said = new Set<string>()

  isNew({ said }: Pick<Answer, 'said'>): boolean {
    if (said === undefined) return true
    if (this.#said.has(said)) return false
    if (this.#said.size < maxRemembered) this.#said.add(said)
    return true
  }
}
