import { isIPv4 } from '../../common/address.ts'
import { allNodes, staticLinkLocal, staticSolicitedNode } from '../../common/contract.ts'
import type { Link } from '../../common/links.ts'
import { sleep } from '../../common/schedule.ts'
import type { Sighting, SourceName } from '../sighting.ts'
import { echo } from '../sources/echo.ts'
import { isInGroupByChance } from '../sources/static.ts'
import { type Input, scanKey } from './evidence.ts'

export interface PulseMeans {
  sources: readonly SourceName[]
  /** The cards that are shown on the link now: the addresses of each. */
  cards(): string[][]
  learn(input: Input): void
  /** Its addresses are to be asked for anew when it comes back. */
  forget(addresses: readonly string[]): void
}

/**
 * Between two beats. One packet a link, and one from each installer on it, is less than any of them
 * sends to keep a TCP connection; a machine behind a switch that is unplugged is missed by nothing else.
 */
const beatMs = 5000
/** An unanswered echo is put this often more, a second apart, as the kernel does it (RFC 4861 section 10). */
const tries = 3
const tryMs = 1000
/** With more machines than this to ask, all nodes are asked at once: one packet, and no process for each. */
const maxSingleEchoes = 8
/** Bound on who is remembered to have answered, against one that makes up addresses for days. */
const maxAnswerers = 5000
/** What answered a beat lives on until many have been missed; it is the verdict that ends it. */
export const echoLifetimeMs = 150_000

/**
 * Finds out who has left without a goodbye: an echo to the group of the static address every few
 * seconds, which every machine answers that was given it; those that have answered before, and
 * now do not, are asked by themselves, and are lost when they stay silent. Who never answers an
 * echo is not judged by it.
 */
export class Pulse {
  readonly #link: Link
  readonly #means: PulseMeans
  /** Addresses that have answered an echo. */
  readonly #answerers = new Set<string>()
  readonly #underTrial = new Set<string>()

  constructor(link: Link, means: PulseMeans) {
    this.#link = link
    this.#means = means
  }

  async run(signal: AbortSignal): Promise<void> {
    const { sources } = this.#means
    if (!sources.includes('static') && !sources.includes('neighbour')) return
    while (!signal.aborted) {
      await sleep(beatMs, signal)
      if (!signal.aborted) await this.#beat(signal).catch(() => {})
    }
  }

  /** Somebody answered an echo, in a beat or in a round. */
  answered(address: string): void {
    this.#answerers.add(address)
  }

  /** Something speaks against the address: its card is asked at once. */
  async suspect(address: string, signal: AbortSignal): Promise<void> {
    const card = this.#means.cards().find((addresses) => addresses.includes(address))
    if (card) await this.#try(card, signal).catch(() => {})
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const answered = new Set<string>()
    const { sources } = this.#means
    this.#forgetStrangers()
    if (sources.includes('static'))
      for await (const address of echo(this.#link, staticSolicitedNode, signal))
        this.#note(answered, address, 'static')
    const missing = this.#means
      .cards()
      .filter((card) => card.some((each) => this.#answerers.has(each)))
      .filter((card) => !card.some((each) => answered.has(each)))
    if (missing.length > maxSingleEchoes)
      for await (const address of echo(this.#link, allNodes, signal))
        this.#note(answered, address, 'neighbour')
    await Promise.all(
      missing
        .filter((card) => !card.some((each) => answered.has(each)))
        .slice(0, maxSingleEchoes)
        .map((card) => this.#try(card, signal)),
    )
  }

  /** Only who is shown is judged; the others may be shown soon, unless they are too many to be real. */
  #forgetStrangers(): void {
    if (this.#answerers.size <= maxAnswerers) return
    const shown = new Set(this.#means.cards().flat())
    for (const address of this.#answerers) if (!shown.has(address)) this.#answerers.delete(address)
  }

  /** Asks a card by itself; when it stays silent it is lost. */
  async #try(card: readonly string[], signal: AbortSignal): Promise<void> {
    const address = best(card, this.#answerers)
    if (address === undefined || this.#underTrial.has(address)) return
    this.#underTrial.add(address)
    try {
      const isThere = await this.#answersEcho(address, card, signal)
      if (isThere || signal.aborted) return
      for (const each of card) this.#answerers.delete(each)
      this.#means.learn({ kind: 'silent', link: this.#link.name, addresses: [...card] })
      this.#means.forget(card)
    } finally {
      this.#underTrial.delete(address)
    }
  }

  async #answersEcho(
    address: string,
    card: readonly string[],
    signal: AbortSignal,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < tries && !signal.aborted; attempt++) {
      for await (const from of echo(this.#link, address, signal)) {
        this.#note(new Set(), from, 'neighbour')
        return true
      }
      // It answers, as a rule, at once: the first silence puts it in question.
      if (attempt === 0)
        this.#means.learn({ kind: 'doubted', link: this.#link.name, addresses: [...card] })
      if (attempt < tries - 1) await sleep(tryMs, signal)
    }
    return false
  }

  #note(answered: Set<string>, address: string, source: 'static' | 'neighbour'): void {
    answered.add(address)
    this.#answerers.add(address)
    if (!this.#means.sources.includes(source)) return
    const sighting = this.#sighting(address, source)
    if (sighting)
      this.#means.learn({
        kind: 'heard',
        key: scanKey(sighting),
        sighting,
        lifetimeMs: echoLifetimeMs,
      })
  }

  /** What a reply tells; undefined for one that tells nothing of installers. */
  #sighting(address: string, source: 'static' | 'neighbour'): Sighting | undefined {
    const isHolder = address === staticLinkLocal
    if (source === 'static' && isInGroupByChance(address)) return undefined
    const installer = source === 'static' || isHolder
    return { source, link: this.#link.name, at: Date.now(), addresses: [address], installer }
  }
}

/** The address to ask a card at: one that has answered before, and not the one that moves. */
function best(card: readonly string[], answerers: ReadonlySet<string>): string | undefined {
  const candidates = card.filter((each) => !isIPv4(each))
  const own = candidates.filter((each) => each !== staticLinkLocal)
  return own.find((each) => answerers.has(each)) ?? own[0] ?? candidates[0]
}
