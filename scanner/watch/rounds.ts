import { setMaxListeners } from 'node:events'
import type { Link } from '../../common/links.ts'
import { sleep } from '../../common/schedule.ts'
import { scan } from '../scan.ts'
import type { Sighting, SourceName } from '../sighting.ts'
import { type Input, scanKey } from './evidence.ts'
import { growingIntervals } from './intervals.ts'
import { echoLifetimeMs } from './pulse.ts'

export interface RoundsMeans {
  names: readonly string[]
  sources: readonly SourceName[]
  learn(input: Input): void
  /** An echo was answered from this address. */
  answered(address: string): void
  /** Whether what machines announce gets through to us without being asked for. */
  hears(): boolean
  /** A round has ended, the first, the second, ... */
  ended(rounds: number): void
  warn(sentence: string): void
}

/** RFC 6762 section 5.2: the first two questions are at least a second apart. */
const firstIntervalMs = 1000
/** A host that announces nothing is found after so long at the latest; what a round sends is a dozen packets. */
const longestIntervalMs = 60_000
/** RFC 6762 section 10: the life of the records that name a host. */
const hostTtlMs = 120_000
/** Evidence of ssh lives as long as the machine that it is of. */
const sshLifetimeMs = Number.POSITIVE_INFINITY

/**
 * Rounds of the sources that `find` has, on one link, at growing intervals. What is announced by
 * mDNS is left to the Ear once that hears anybody; where a firewall lets no multicast through, the
 * rounds go on asking.
 */
export class Rounds {
  readonly #link: Link
  readonly #means: RoundsMeans
  #intervals = growingIntervals(firstIntervalMs, longestIntervalMs)
  #wake = new AbortController()

  constructor(link: Link, means: RoundsMeans) {
    this.#link = link
    this.#means = means
  }

  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake.abort()
    signal.addEventListener('abort', wake)
    for (let round = 1; !signal.aborted; round++) {
      const began = performance.now()
      await this.#round(round, signal)
      if (signal.aborted) break
      this.#means.ended(round)
      this.#wake = new AbortController()
      await sleep(began + this.#intervals.next().value - performance.now(), this.#wake.signal)
    }
    signal.removeEventListener('abort', wake)
  }

  /** The next round comes at once, and those after it at intervals that grow anew. */
  restart(): void {
    this.#intervals = growingIntervals(firstIntervalMs, longestIntervalMs)
    this.#wake.abort()
  }

  async #round(round: number, signal: AbortSignal): Promise<void> {
    const { names, warn, learn, answered } = this.#means
    const sources = this.#sourcesOf(round)
    if (sources.length === 0) return
    // Whatever of a round goes on listening ends with it: a watch has rounds for days.
    const own = new AbortController()
    const end = () => own.abort()
    setMaxListeners(0, own.signal)
    signal.addEventListener('abort', end)
    const links = [this.#link]
    try {
      const request = { links, sources, names: [...names], signal: own.signal, warn }
      for await (const sighting of scan(request)) {
        if (isEchoReply(sighting)) for (const address of sighting.addresses) answered(address)
        const lifetimeMs = lifetimeOf(sighting.source)
        learn({ kind: 'heard', key: scanKey(sighting), sighting, lifetimeMs })
      }
    } finally {
      signal.removeEventListener('abort', end)
      end()
    }
  }

  /** Without `ssh`: whom to visit, and when again, is decided by what is known of each machine. */
  #sourcesOf(round: number): SourceName[] {
    const heardAnyway: SourceName[] = round > 1 && this.#means.hears() ? ['mdns', 'service'] : []
    return this.#means.sources.filter((each) => each !== 'ssh' && !heardAnyway.includes(each))
  }
}

/** Not an entry of the neighbour table, and nothing that somebody told in words. */
function isEchoReply({ source, mac, name, addresses }: Sighting): boolean {
  const bySilentSource = source === 'neighbour' || source === 'static'
  return bySilentSource && mac === undefined && name === undefined && addresses.length === 1
}

function lifetimeOf(source: SourceName): number {
  if (source === 'ssh') return sshLifetimeMs
  return source === 'neighbour' || source === 'static' ? echoLifetimeMs : hostTtlMs
}
