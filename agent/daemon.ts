import type { CommandResult } from '../common/command.ts'
import type { Link } from '../common/links.ts'
import type { Log } from '../common/log.ts'
import { isServed, isWanted } from './addresses/desired-addresses.ts'
import { type Kernel, kernel } from './addresses/kernel.ts'
import { LinkAddresses } from './addresses/link-addresses.ts'
import { Alarm } from './alarm.ts'
import { Certificates } from './certificates/certificates.ts'
import { startReporting } from './console/report.ts'
import type { AgentStatus } from './console/status.ts'
import { tidyUpSoon } from './frugal.ts'
import { type Identity, machineId, readIdentity } from './identity.ts'
import { Latch, watchLinks } from './link-events.ts'
import { routeTo } from './mdns/route.ts'
import type { RunOptions } from './options.ts'
import { type Means, ServedLink } from './served-link.ts'
import type { ServiceManager } from './systemd/service-manager.ts'

/**
 * Runs until the signal is aborted: on each event of the kernel, look at the links, add the
 * addresses that are missing, and let the responders of each link take over what is there now.
 * Then goodbye, and the addresses that it added are removed. `shown`: the first look, which is under
 * way. Throws a Failure when it cannot read links or may not add addresses, and when another agent
 * runs here.
 */
export async function runDaemon(
  options: RunOptions,
  log: Log,
  manager: ServiceManager,
  signal: AbortSignal,
  shown: Promise<CommandResult>,
): Promise<void> {
  const events = new Latch()
  const alarm = new Alarm(() => events.open())
  const identity = readIdentity(options)
  const daemon = new Daemon({
    options,
    identity,
    log,
    kernel,
    certificates: new Certificates(options, identity.boot, log),
    // Steady: whoever sets the clock of the system changes nothing here.
    now: () => performance.now(),
    random: Math.random,
    lookAgainIn: (milliseconds) => alarm.set(milliseconds),
  })
  const report = await startReporting(daemon, options, log)
  try {
    for await (const links of watchLinks(events, signal, log, shown)) {
      await daemon.lookAgain(links)
      manager.serves(daemon.served)
      tidyUpSoon()
    }
  } finally {
    manager.stops()
    await daemon.close()
    await report.close()
    alarm.clear()
  }
}

export interface DaemonMeans {
  options: RunOptions
  identity: Identity
  log: Log
  kernel: Kernel
  certificates: Pick<Certificates, 'update'>
  /** A steady clock, in milliseconds. */
  now(): number
  /** 0 <= x < 1. */
  random(): number
  lookAgainIn(milliseconds: number): void
}

/** The links that are served, by interface index. */
export class Daemon {
  /** Called when `status()` may have something new to tell. */
  onChange: () => void = () => {}
  readonly #served = new Map<number, ServedLink>()
  readonly #means: DaemonMeans
  #links: Link[] = []
  /** Sticky: the card that names the machine stays the same while the agent runs. */
  #id: string | undefined
  #saidNoLink = false
  readonly #started = new Date().toISOString()

  constructor(means: DaemonMeans) {
    this.#means = means
  }

  async lookAgain(links: Link[]): Promise<void> {
    this.#links = links
    this.#id ??= machineId(links)
    const suitable = links.filter((link) => isServed(link, this.#means.options.interfaces))
    await this.#leaveAllBut(suitable)
    await this.#tidy(links.filter((link) => !suitable.includes(link)))
    // Before it is announced: whoever hears of the machine may come at once.
    if (this.#id !== undefined && suitable.length > 0)
      await this.#means.certificates.update(this.#id, suitable)
    for (const link of suitable) {
      const served = this.#served.get(link.index) ?? new ServedLink(link, this.#lend())
      this.#served.set(link.index, served)
      await served.update(link)
    }
    this.#sayWhenNoLink()
    this.onChange()
  }

  /** The names of the links that are served. */
  get served(): string[] {
    return [...this.#served.values()].map(({ name }) => name)
  }

  status(): AgentStatus {
    const { options, identity } = this.#means
    const { agent, boot, user, hostKeys } = identity
    return {
      version: 1,
      agent: { version: agent, pid: process.pid, started: this.#started, boot },
      id: this.#id ?? null,
      configuredName: options.hostname,
      user,
      port: options.sshPort,
      hostKeys,
      links: [...this.#served.values()].map((link) => link.status()),
    }
  }

  async close(): Promise<void> {
    await this.#leaveAllBut([])
  }

  async #leaveAllBut(staying: readonly Link[]): Promise<void> {
    for (const [index, served] of this.#served) {
      if (staying.some((link) => link.index === index && served.isSame(link))) continue
      this.#served.delete(index)
      await served.leave(this.#links.find((link) => link.index === index))
    }
  }

  /**
   * A run that was killed leaves its addresses behind. Where they are adopted they are looked after;
   * on a link that lost its carrier since they would come back with it, without detection.
   */
  async #tidy(unserved: readonly Link[]): Promise<void> {
    const { options } = this.#means
    for (const link of unserved)
      if (isWanted(link, options.interfaces)) await new LinkAddresses(link, this.#means).leave(link)
  }

  #lend(): Means {
    const { options, identity } = this.#means
    const { sshPort, staticAddress } = options
    return {
      ...this.#means,
      service: { id: this.#id ?? '', identity, sshPort, staticAddress },
      isOwn: (address) => this.#isOwn(address),
      otherLinks: (link) =>
        this.#links.filter((each) => each.index !== link.index && !each.loopback),
      route: routeTo,
      changed: () => this.onChange(),
    }
  }

  /** The static address is nobody's own: another machine on the link may hold it. */
  #isOwn(address: string): boolean {
    if (address === this.#means.options.staticAddress) return false
    return this.#links.some((link) => link.addresses.some((each) => each.address === address))
  }

  #sayWhenNoLink(): void {
    if (this.#served.size > 0 || this.#saidNoLink) return
    this.#saidNoLink = true
    const wanted = this.#means.options.interfaces.join(', ') || 'any'
    const present = this.#links.map((link) => link.name)
    this.#means.log.warn(
      { wanted, present },
      'no link to serve yet: waiting for one that has a carrier',
    )
  }
}
