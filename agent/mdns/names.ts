/** The first labels held on a link. They are the same after a conflict. */
export interface HeldNames {
  /** The configured name, `NixOS`, or what became of it. */
  host: string
  /** Host name and the last three bytes of the link's MAC, `nixos-1ae4b7`: contested by a cloned MAC only. */
  unique: string
}

/** RFC 6762 section 8.1: after fifteen conflicts in ten seconds, five seconds before each further try. */
const manyConflicts = 15
const manyWithinMs = 10_000
export const manyConflictsDelayMs = 5000

/**
 * The names of one link. IPv4 and IPv6 are two links to mDNS (RFC 6762 section 20) and claim them
 * each on its own, but a machine is to have one name: what is lost on one is given up on the other.
 */
export class LinkNames {
  readonly #hostname: string
  readonly #mac: string
  #hostLost = false
  /** How many of the names made of the MAC were taken. */
  #uniqueLost = 0
  #conflicts = 0
  /** The last ones, in milliseconds of a steady clock. */
  #conflictsAt: number[] = []
  readonly #listeners = new Set<() => void>()

  constructor(hostname: string, mac: string) {
    this.#hostname = hostname
    this.#mac = mac
  }

  get held(): HeldNames {
    return namesAfter(this.#hostLost, this.#uniqueLost, this.#hostname, this.#mac)
  }

  /** What the names will be if the host name is lost. */
  get fallback(): HeldNames {
    return namesAfter(true, this.#uniqueLost, this.#hostname, this.#mac)
  }

  /** How often another machine has claimed one of the names. */
  get conflicts(): number {
    return this.#conflicts
  }

  noteConflict(now: number): void {
    this.#conflicts++
    this.#conflictsAt = [...this.#conflictsAt, now].slice(-manyConflicts)
  }

  /** Whether there were so many conflicts of late that the next try has to wait. */
  isThrottled(now: number): boolean {
    const [first = now] = this.#conflictsAt
    return this.#conflictsAt.length === manyConflicts && now - first < manyWithinMs
  }

  /** Somebody else holds the label: takes the next one, unless that has happened already. */
  lose(label: string): void {
    const { host, unique } = this.held
    const isLabel = (name: string) => name.toLowerCase() === label.toLowerCase()
    if (isLabel(unique)) this.#uniqueLost++
    else if (isLabel(host)) this.#hostLost = true
    else return
    for (const listener of this.#listeners) listener()
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }
}

/**
 * The names to claim: the configured one, until it is lost, beside the one with the MAC, which is
 * the same after the next boot; a number only for a cloned MAC.
 */
export function namesAfter(
  hostLost: boolean,
  uniqueLost: number,
  hostname: string,
  mac: string,
): HeldNames {
  const first = uniqueName(hostname, mac)
  const number = `-${uniqueLost + 1}`
  const unique = uniqueLost === 0 ? first : first.slice(0, 63 - number.length) + number
  return { host: hostLost ? unique : hostname, unique }
}

export function uniqueName(hostname: string, mac: string): string {
  const suffix = `-${mac.replaceAll(':', '').slice(6)}`
  return hostname.toLowerCase().slice(0, 63 - suffix.length) + suffix
}
