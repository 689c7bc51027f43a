import type { Link } from '../common/links.ts'
import type { Log } from '../common/log.ts'
import type { Kernel } from './addresses/kernel.ts'
import { LinkAddresses } from './addresses/link-addresses.ts'
import { Complaints } from './complaints.ts'
import { type LinkStatus, linkStatus } from './console/status.ts'
import { LinkNames } from './mdns/names.ts'
import { families, Responder } from './mdns/responder.ts'
import type { Surroundings } from './mdns/surroundings.ts'
import type { RunOptions } from './options.ts'

/** What the daemon lends to each of its links. */
export interface Means extends Omit<Surroundings, 'staticAddressFreed'> {
  options: RunOptions
  kernel: Kernel
  log: Log
  /** A steady clock, in milliseconds. */
  now(): number
  /** For trouble that ends without an event of the kernel; of several calls the earliest counts. */
  lookAgainIn(milliseconds: number): void
}

/** After this long a socket that could not be opened is tried again. */
const socketRetryMs = 10_000

/** A link that the agent works on: the addresses it keeps there, and who speaks there. */
export class ServedLink {
  readonly addresses: LinkAddresses
  readonly #means: Means & Surroundings
  readonly #names: LinkNames
  readonly #complaints: Complaints
  #responders: Responder[]
  #link: Link

  constructor(link: Link, means: Means) {
    this.#link = link
    this.addresses = new LinkAddresses(link, means)
    this.#means = { ...means, staticAddressFreed: () => this.addresses.holderLeft() }
    this.#names = new LinkNames(means.options.hostname, link.mac ?? '')
    this.#complaints = new Complaints(means.log)
    this.#responders = this.#makeResponders(link)
    means.log.info({ link: link.name, mac: link.mac }, 'link is served')
  }

  get name(): string {
    return this.#link.name
  }

  /** Addresses and names are made of the MAC: with another one it is another link. */
  isSame({ mac }: Link): boolean {
    return this.#link.mac === mac
  }

  /** Adds what is missing and lets the responders take over what is there. Throws a PermissionFailure. */
  async update(link: Link): Promise<void> {
    if (link.name !== this.#link.name) {
      // Sockets are bound to the name of the interface.
      await this.#closeResponders()
      this.#responders = this.#makeResponders(link)
    }
    // RFC 6762 section 8: however shortly the link was away, its names are probed for anew.
    if (link.carrierChanges !== this.#link.carrierChanges)
      for (const responder of this.#responders) responder.fallSilent()
    this.#link = link
    await this.addresses.update(link)
    this.#complaints.begin()
    for (const responder of this.#responders)
      try {
        await responder.update(link)
      } catch (error) {
        this.#complaints.say(link.name, error)
        this.#means.lookAgainIn(socketRetryMs)
      }
  }

  /** Says goodbye and takes its addresses along; `now` is the link as it is, if it still is. */
  async leave(now: Link | undefined): Promise<void> {
    await this.#closeResponders()
    if (now) await this.addresses.leave(now)
    this.#means.log.info({ link: this.#link.name }, 'link is left')
  }

  /** How the link stands, for people and scripts. */
  status(): LinkStatus {
    return linkStatus({
      link: this.#link,
      kept: this.addresses.states(),
      staticAddress: this.#means.options.staticAddress,
      configuredName: this.#means.options.hostname,
      names: this.#names.held,
      conflicts: this.#names.conflicts,
      responders: this.#responders.map((responder) => responder.status()),
      complaints: [...this.addresses.complaints, ...this.#complaints.present],
    })
  }

  #makeResponders(link: Link): Responder[] {
    const speaking = this.#means.options.mdns ? families : []
    return speaking.map((family) => new Responder(link, family, this.#names, this.#means))
  }

  async #closeResponders(): Promise<void> {
    await Promise.all(this.#responders.map((responder) => responder.close()))
  }
}
