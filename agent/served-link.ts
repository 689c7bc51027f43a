import { errorMessage, Failure } from '../common/failure.ts'
import type { Link } from '../common/links.ts'
import type { Log } from '../common/log.ts'
import { desiredAddresses } from './desired-addresses.ts'
import { type Kernel, PermissionFailure } from './kernel.ts'
import { LinkNames } from './names.ts'
import type { RunOptions } from './options.ts'
import { missingAddresses, removableAddresses } from './reconcile.ts'
import { families, Responder, type Surroundings } from './responder.ts'
import { type LinkStatus, linkStatus } from './status.ts'

/** What the daemon lends to each of its links. */
export interface Means extends Surroundings {
  options: RunOptions
  kernel: Kernel
  log: Log
  /** For trouble that ends without an event of the kernel, such as a port given back. */
  lookAgainIn(milliseconds: number): void
}

/** After this long a socket that could not be opened is tried again. */
const socketRetryMs = 10_000

/** A link that the agent works on: what it added there, and who speaks there. */
export class ServedLink {
  readonly #means: Means
  readonly #names: LinkNames
  #responders: Responder[]
  #link: Link
  /** Addresses that are there because of us. */
  readonly #added = new Set<string>()
  /** What is wrong with it now, so that it is said once. */
  #complaints = new Set<string>()

  constructor(link: Link, means: Means) {
    this.#link = link
    this.#means = means
    this.#names = new LinkNames(means.options.hostname, link.mac ?? '')
    this.#responders = this.#makeResponders(link)
    means.log.info({ link: link.name, mac: link.mac }, 'link is served')
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
    this.#link = link
    const before = this.#complaints
    this.#complaints = new Set()
    if (this.#means.options.addresses) await this.#addMissing(link, before)
    for (const { address, dadFailed } of link.addresses)
      if (dadFailed)
        this.#complain(new Failure(`${address} is held by another machine on ${link.name}`), before)
    for (const responder of this.#responders)
      try {
        await responder.update(link)
      } catch (error) {
        this.#complain(error, before)
        this.#means.lookAgainIn(socketRetryMs)
      }
  }

  /**
   * Says goodbye and takes along what was added: an address that outlives a lost carrier would come
   * back without duplicate address detection, beside a machine that has taken it meanwhile.
   * `now` is the link as it is, if it still is.
   */
  async leave(now: Link | undefined): Promise<void> {
    await this.#closeResponders()
    for (const address of now ? removableAddresses(now, this.#added) : [])
      await this.#means.kernel.removeAddress(now?.name ?? '', address)
    this.#means.log.info({ link: this.#link.name }, 'link is left')
  }

  status(): LinkStatus {
    const { hostname: configuredName, staticAddress, addresses } = this.#means.options
    return linkStatus({
      link: this.#link,
      desired: addresses ? desiredAddresses(this.#link, staticAddress) : [],
      added: this.#added,
      staticAddress,
      configuredName,
      names: this.#names.held,
      conflicts: this.#names.conflicts,
      responders: this.#responders.map((responder) => responder.status()),
      complaints: this.#complaints,
    })
  }

  #makeResponders(link: Link): Responder[] {
    const speaking = this.#means.options.mdns ? families : []
    return speaking.map((family) => new Responder(link, family, this.#names, this.#means))
  }

  async #closeResponders(): Promise<void> {
    await Promise.all(this.#responders.map((responder) => responder.close()))
  }

  async #addMissing(link: Link, before: ReadonlySet<string>): Promise<void> {
    const { options, kernel, log } = this.#means
    for (const desired of missingAddresses(link, desiredAddresses(link, options.staticAddress))) {
      const { address } = desired
      // Whoever puts it there next, it may not be us.
      this.#added.delete(address)
      try {
        if (!(await kernel.addAddress(link.name, desired))) continue
      } catch (error) {
        if (error instanceof PermissionFailure) throw error
        this.#complain(error, before)
        continue
      }
      this.#added.add(address)
      link.addresses.push({ ...desired, prefixLength: 64, tentative: true, dadFailed: false })
      log.info({ link: link.name, address }, 'address added')
    }
  }

  /** A link in trouble is a warning, said once: the others go on. */
  #complain(error: unknown, before: ReadonlySet<string>): void {
    const sentence = errorMessage(error)
    const isNew = !before.has(sentence) && !this.#complaints.has(sentence)
    this.#complaints.add(sentence)
    const advice = error instanceof Failure ? error.advice : undefined
    if (isNew) this.#means.log.warn({ link: this.#link.name, advice }, sentence)
  }
}
