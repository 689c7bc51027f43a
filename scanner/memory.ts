import type { Link } from '../common/links.ts'
import { takeFirst } from './look-ahead.ts'
import type { DirectQuestions } from './sources/direct.ts'
import { mdnsWarning } from './sources/gone.ts'
import { Knowledge, openQuerier, ownAddresses, type Querier } from './sources/querier.ts'

/** What a search keeps from one round to the next: its sockets, who has answered, who was visited. */
export class Memory {
  /** Cards and servers where an ssh server has answered. */
  readonly visited = new Set<string>()
  /** Whether something in the latest round showed that packets are lost. */
  lossy = false
  /** When the groups were last asked in this round, by `performance.now()`. */
  askedAt: number | undefined
  /** Who asks each link's machines one by one in this round. */
  readonly direct = new Map<string, Pick<DirectQuestions, 'slowestMs'>>()
  readonly #queriers = new Map<string, Promise<Querier | undefined>>()
  readonly #knowledge = new Map<string, Knowledge>()
  readonly #answered = new Map<string, Set<string>>()

  /** The mDNS sockets of a link; undefined, and a warning, when there is nothing to ask with. */
  querier(link: Link, warn: (sentence: string) => void): Promise<Querier | undefined> {
    const present = this.#queriers.get(link.name) ?? this.#open(link, warn)
    this.#queriers.set(link.name, present)
    return present
  }

  #open(link: Link, warn: (sentence: string) => void): Promise<Querier | undefined> {
    const first = takeFirst(link.name, ownAddresses(link))
    return openQuerier(link, warn, this.#knowledgeOf(link.name), first).catch((error: unknown) => {
      this.#queriers.delete(link.name)
      warn(mdnsWarning(link, error))
      return undefined
    })
  }

  #knowledgeOf(link: string): Knowledge {
    const present = this.#knowledge.get(link) ?? new Knowledge()
    this.#knowledge.set(link, present)
    return present
  }

  /** The addresses on a link from which an answer has come. */
  answered(link: string): Set<string> {
    const present = this.#answered.get(link) ?? new Set()
    this.#answered.set(link, present)
    return present
  }

  /** Opens the link's sockets anew at the next round. */
  async drop(link: string): Promise<void> {
    const querier = this.#queriers.get(link)
    this.#queriers.delete(link)
    const open = await querier
    open?.close()
  }

  close(): void {
    for (const link of [...this.#queriers.keys()]) void this.drop(link)
  }
}
