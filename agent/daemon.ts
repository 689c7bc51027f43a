import { errorMessage, Failure } from '../common/failure.ts'
import type { Link } from '../common/links.ts'
import type { Log } from '../common/log.ts'
import { desiredAddresses, isServed } from './desired-addresses.ts'
import { type Identity, machineId, readIdentity } from './identity.ts'
import { type Kernel, kernel, PermissionFailure } from './kernel.ts'
import { Latch, watchLinks } from './link-events.ts'
import type { RunOptions } from './options.ts'
import { missingAddresses, removableAddresses } from './reconcile.ts'
import { Responder } from './responder.ts'

/** A link that the agent works on: what it added there, and who speaks there. */
interface ServedLink {
  link: Link
  added: Set<string>
  responder: Responder | undefined
  /** What is wrong with it at this look, and was at the one before, so that it is said once. */
  complaints: Set<string>
  complaintsBefore: Set<string>
}

/**
 * Runs until the signal is aborted: on each event of the kernel, look at the links, add the
 * addresses that are missing, and let the responder of each link take over what is there now.
 * Then goodbye, and the addresses that it added are removed. Throws a Failure when it cannot
 * read links or may not add addresses.
 */
export async function runDaemon(options: RunOptions, log: Log, signal: AbortSignal): Promise<void> {
  const events = new Latch()
  const daemon = new Daemon({
    options,
    identity: await readIdentity(options),
    log,
    kernel,
    lookAgainIn: (milliseconds) => setTimeout(() => events.open(), milliseconds).unref(),
  })
  try {
    for await (const links of watchLinks(events, signal, log)) await daemon.lookAgain(links)
  } finally {
    await daemon.close()
  }
}

export interface DaemonSurroundings {
  options: RunOptions
  identity: Identity
  log: Log
  kernel: Kernel
  /** For trouble that ends without an event of the kernel, such as a port given back. */
  lookAgainIn(milliseconds: number): void
}

/** After this long a socket that could not be opened is tried again. */
const socketRetryMs = 10_000

export class Daemon {
  readonly #served = new Map<number, ServedLink>()
  readonly #options: RunOptions
  readonly #identity: Identity
  readonly #log: Log
  readonly #kernel: Kernel
  readonly #lookAgainIn: (milliseconds: number) => void
  #links: Link[] = []
  /** Sticky: the card that names the machine stays the same while the agent runs. */
  #id: string | undefined
  #saidNoLink = false

  constructor(surroundings: DaemonSurroundings) {
    this.#options = surroundings.options
    this.#identity = surroundings.identity
    this.#log = surroundings.log
    this.#kernel = surroundings.kernel
    this.#lookAgainIn = surroundings.lookAgainIn
  }

  async lookAgain(links: Link[]): Promise<void> {
    this.#links = links
    this.#id ??= machineId(links)
    const suitable = links.filter((link) => isServed(link, this.#options.interfaces))
    await this.#leave(new Set(suitable.map((link) => link.index)))
    for (const link of suitable) {
      const served = this.#serve(link)
      await this.#addMissing(served)
      await this.#speak(served)
    }
    this.#sayWhenNoLink()
  }

  async close(): Promise<void> {
    await this.#leave(new Set())
  }

  #serve(link: Link): ServedLink {
    const served = this.#served.get(link.index)
    if (served?.link.name === link.name) {
      served.link = link
      served.complaintsBefore = served.complaints
      served.complaints = new Set()
      return served
    }
    // New, or renamed: sockets are bound to a name, so a renamed link gets new ones.
    void served?.responder?.close()
    const fresh = {
      link,
      added: served?.added ?? new Set<string>(),
      responder: undefined,
      complaints: new Set<string>(),
      complaintsBefore: new Set<string>(),
    }
    this.#served.set(link.index, fresh)
    this.#log.info({ link: link.name, mac: link.mac }, 'link is served')
    return fresh
  }

  /**
   * Leaves the links that are not to be served any more, and takes along what was added there: an
   * address that outlives a lost carrier would come back without duplicate address detection, beside
   * a machine that has taken it meanwhile.
   */
  async #leave(staying: ReadonlySet<number>): Promise<void> {
    for (const [index, { link, responder, added }] of this.#served) {
      if (staying.has(index)) continue
      this.#served.delete(index)
      await responder?.close()
      const now = this.#links.find((each) => each.index === index)
      for (const address of now ? removableAddresses(now, added) : [])
        await this.#kernel.removeAddress(link.name, address)
      this.#log.info({ link: link.name }, 'link is left')
    }
  }

  async #addMissing(served: ServedLink): Promise<void> {
    if (!this.#options.addresses) return
    const { link } = served
    for (const desired of missingAddresses(
      link,
      desiredAddresses(link, this.#options.staticAddress),
    ))
      try {
        served.added.delete(desired.address)
        if (!(await this.#kernel.addAddress(link.name, desired))) continue
        served.added.add(desired.address)
        link.addresses.push({ ...desired, prefixLength: 64, tentative: true, dadFailed: false })
        this.#log.info({ link: link.name, address: desired.address }, 'address added')
      } catch (error) {
        if (error instanceof PermissionFailure) throw error
        this.#complain(served, error)
      }
    for (const { address, dadFailed } of link.addresses)
      if (dadFailed)
        this.#complain(served, new Failure(`${address} is held by another machine on ${link.name}`))
  }

  async #speak(served: ServedLink): Promise<void> {
    if (!this.#options.mdns || this.#id === undefined) return
    const { sshPort, staticAddress } = this.#options
    const service = { id: this.#id, identity: this.#identity, sshPort, staticAddress }
    served.responder ??= new Responder(served.link, service, {
      isOwn: (address) => this.#isOwn(address),
      log: this.#log,
      random: Math.random,
    })
    try {
      await served.responder.update(served.link)
    } catch (error) {
      this.#complain(served, error)
      this.#lookAgainIn(socketRetryMs)
    }
  }

  /** The static address is nobody's own: another machine on the link may hold it. */
  #isOwn(address: string): boolean {
    if (address === this.#options.staticAddress) return false
    return this.#links.some((link) => link.addresses.some((each) => each.address === address))
  }

  /** A link in trouble is a warning, said once: the others go on. */
  #complain(served: ServedLink, error: unknown): void {
    const sentence = errorMessage(error)
    if (served.complaints.has(sentence)) return
    served.complaints.add(sentence)
    if (served.complaintsBefore.has(sentence)) return
    const advice = error instanceof Failure ? error.advice : undefined
    this.#log.warn({ link: served.link.name, advice }, sentence)
  }

  #sayWhenNoLink(): void {
    if (this.#served.size > 0 || this.#saidNoLink) return
    this.#saidNoLink = true
    const wanted = this.#options.interfaces.join(', ') || 'any'
    const present = this.#links.map((link) => link.name)
    this.#log.warn({ wanted, present }, 'no link to serve yet: waiting for one that has a carrier')
  }
}
