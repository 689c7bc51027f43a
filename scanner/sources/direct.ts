import { staticLinkLocal } from '../../common/contract.ts'
import { isUsable } from '../../common/links.ts'
import { sleep } from '../../common/schedule.ts'
import type { Patience } from './patience.ts'
import type { Querier } from './querier.ts'

/**
 * Where answers to the group's question come in, one that was seen gets this long to send its own
 * before it is asked again by itself, in milliseconds.
 */
const ownTimeMs = 60
/** After each direct question; nobody shares the answer, so none is delayed (RFC 6762 section 6). */
const waitsMs = [100, 150, 250]
/** Machines asked one by one in a round, against one that pretends to be all of them. */
const maxAsked = 4096

/**
 * The direct questions of a round on one link: each machine that was seen, at the address that it
 * was seen at, unless it answers by itself. An installer is expected to answer, and asked again when
 * it does not: that packet may be lost; any other machine is asked once.
 */
export class DirectQuestions {
  readonly #querier: Promise<Querier | undefined>
  readonly #names: readonly string[]
  readonly #patience: Patience
  readonly #asked = new Set<string>()
  readonly #installers = new Set<string>()
  readonly #answered: Set<string>
  /** Those who have been asked more than once. */
  readonly #repeated = new Set<string>()
  /** Whether an answer came to a repeated question only, or the kernel could not send one. */
  lossy = false

  constructor(
    querier: Promise<Querier | undefined>,
    names: readonly string[],
    patience: Patience,
    answered: Set<string>,
  ) {
    this.#querier = querier
    this.#names = names
    this.#patience = patience
    this.#answered = answered
    void querier.then((it) => {
      // The querier outlives the round.
      if (!it || patience.signal.aborted) return
      const stop = it.onAnswer(({ address }) => this.#noteAnswer(address))
      patience.signal.addEventListener('abort', stop)
    })
  }

  /** A machine was seen at this link-local address. */
  greet(address: string, isInstaller: boolean): void {
    if (isInstaller) this.#installers.add(address)
    if (this.#asked.has(address) || this.#asked.size >= maxAsked) return
    this.#asked.add(address)
    void this.#ask(address)
  }

  /** Whether it was in the neighbour table before, or was seen or heard meanwhile. */
  knows(address: string): boolean {
    return this.#asked.has(address) || this.#answered.has(address)
  }

  async #ask(address: string): Promise<void> {
    const querier = await this.#querier
    if (!querier || querier.link.addresses.some((a) => a.address === address && isUsable(a))) return
    if (this.#answered.has(address)) return
    const { signal } = this.#patience
    if (querier.heard.fromGroup > 0) {
      this.#patience.expect(address, ownTimeMs)
      await sleep(ownTimeMs, signal)
    }
    for (const [times, waitMs] of waitsMs.entries()) {
      if (this.#answered.has(address) || signal.aborted) return
      if (times > 0 && !this.#installers.has(address)) return
      if (times > 0) this.#repeated.add(address)
      this.#patience.expect(address, waitMs)
      try {
        await querier.askDirectly(address, this.#names)
      } catch {
        // No route, or a full neighbour table: another round may come through.
        this.lossy ||= address !== staticLinkLocal
        return
      }
      await sleep(waitMs, signal)
    }
  }

  #noteAnswer(address: string): void {
    // Before the round ends by it: whoever looks then is to see it.
    if (this.#repeated.has(address)) this.lossy = true
    this.#answered.add(address)
    this.#patience.met(address)
  }
}
