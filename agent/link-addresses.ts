import { Failure } from '../common/failure.ts'
import type { Link } from '../common/links.ts'
import type { Log } from '../common/log.ts'
import { Complaints } from './complaints.ts'
import { desiredAddresses } from './desired-addresses.ts'
import { type Kernel, PermissionFailure } from './kernel.ts'
import { missingAddresses, removableAddresses } from './reconcile.ts'

export interface AddressMeans {
  options: { addresses: boolean; staticAddress: string | undefined }
  kernel: Kernel
  log: Log
}

/** Keeps the addresses of one link. */
export class LinkAddresses {
  readonly #means: AddressMeans
  readonly #complaints: Complaints
  /** Addresses that are there because of us. */
  readonly #added = new Set<string>()

  constructor(means: AddressMeans) {
    this.#means = means
    this.#complaints = new Complaints(means.log)
  }

  /** Adds what is missing on the link as it is now, and to `link`. Throws a PermissionFailure. */
  async update(link: Link): Promise<void> {
    this.#complaints.begin()
    if (this.#means.options.addresses) await this.#addMissing(link)
    for (const { address, dadFailed } of link.addresses)
      if (dadFailed)
        this.#complaints.say(
          link.name,
          new Failure(`${address} is held by another machine on ${link.name}`),
        )
  }

  /**
   * Takes along what was added: an address that outlives a lost carrier would come back without
   * duplicate address detection, beside a machine that has taken it meanwhile.
   */
  async leave(link: Link): Promise<void> {
    for (const address of removableAddresses(link, this.#added))
      await this.#means.kernel.removeAddress(link.name, address)
  }

  async #addMissing(link: Link): Promise<void> {
    const { options, kernel, log } = this.#means
    for (const desired of missingAddresses(link, desiredAddresses(link, options.staticAddress))) {
      const { address } = desired
      // Whoever puts it there next, it may not be us.
      this.#added.delete(address)
      try {
        if (!(await kernel.addAddress(link.name, desired))) continue
      } catch (error) {
        if (error instanceof PermissionFailure) throw error
        this.#complaints.say(link.name, error)
        continue
      }
      this.#added.add(address)
      link.addresses.push({ ...desired, prefixLength: 64, tentative: true, dadFailed: false })
      log.info({ link: link.name, address }, 'address added')
    }
  }
}
