/**
 * How much one sender may say in a round: a responder speaks for its own machine, a reflector for
 * those of a neighbouring link. Whoever floods the link uses up his own allowance, not the others'.
 */
const maxSightings = 256
/** Time for one sender's packets, in milliseconds: an honest one takes less than one. */
const maxMs = 50

export class Allowance {
  readonly #said = new Map<string, { sightings: number; ms: number }>()

  has(sender: string): boolean {
    const said = this.#said.get(sender)
    return said === undefined || (said.sightings < maxSightings && said.ms < maxMs)
  }

  spend(sender: string, sightings: number, ms: number): void {
    const said = this.#said.get(sender) ?? { sightings: 0, ms: 0 }
    this.#said.set(sender, { sightings: said.sightings + sightings, ms: said.ms + ms })
  }
}
