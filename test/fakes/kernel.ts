import type { Kernel, NewAddress } from '../../agent/addresses/kernel.ts'
import { ownMetric } from '../../agent/addresses/reconcile.ts'
import type { LinkAddress } from '../../common/links.ts'
import { fakeAddress } from './link.ts'

/** Does as `ip address` and the kernel would, on addresses by `link address`, and remembers each call. */
export class FakeKernel implements Kernel {
  readonly held = new Map<string, LinkAddress>()
  readonly calls: string[] = []
  /** `link address` of what other machines hold: duplicate address detection finds them. */
  readonly taken = new Set<string>()
  /** Kernels before 4.18 keep no metric. */
  keepsMark = true
  /** Thrown instead of adding, when set. */
  refusal: ((link: string, address: string) => Error) | undefined

  async addAddress(link: string, added: NewAddress): Promise<boolean> {
    this.#note('add', link, added)
    if (this.held.has(`${link} ${added.address}`)) return false
    this.#hold(link, added)
    return true
  }

  async replaceAddress(link: string, added: NewAddress): Promise<void> {
    this.#note('replace', link, added)
    this.#hold(link, added)
  }

  async removeAddress(link: string, address: string): Promise<void> {
    this.calls.push(`remove ${link} ${address}`)
    this.held.delete(`${link} ${address}`)
  }

  /** Another program adds an address, usable but for what is given. */
  place(link: string, address: string, over: Partial<LinkAddress> = {}): void {
    this.held.set(`${link} ${address}`, fakeAddress(address, over))
  }

  /** Duplicate address detection comes to its end. */
  settle(): void {
    for (const [place, held] of this.held) {
      const dadFailed = this.taken.has(place) && held.tentative
      this.held.set(place, { ...held, dadFailed, tentative: dadFailed })
    }
  }

  addressesOf(link: string): LinkAddress[] {
    const places = [...this.held].filter(([place]) => place.startsWith(`${link} `))
    return places.map(([, address]) => ({ ...address }))
  }

  #note(what: string, link: string, { address, deprecated, marked, detect }: NewAddress): void {
    const words = [deprecated && 'deprecated', !marked && 'unmarked', !detect && 'nodad']
    this.calls.push([what, link, address, ...words.filter(Boolean)].join(' '))
    if (this.refusal) throw this.refusal(link, address)
  }

  #hold(link: string, { address, deprecated, marked, detect }: NewAddress): void {
    const metric = marked && this.keepsMark ? ownMetric : undefined
    this.place(link, address, { deprecated, metric, tentative: detect })
  }
}
