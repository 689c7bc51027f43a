/** The first labels held on a link. They are the same after a conflict. */
export interface HeldNames {
  /** The configured name, `NixOS`, or what became of it. */
  host: string
  /** Host name and the last three bytes of the link's MAC, `nixos-1ae4b7`: never contested. */
  unique: string
}

/**
 * The names of one link. IPv4 and IPv6 are two links to mDNS (RFC 6762 section 20) and claim them
 * each on its own, but a machine is to have one name: what is lost on one is given up on the other.
 */
export class LinkNames {
  readonly #hostname: string
  readonly #mac: string
  #conflicts = 0
  readonly #listeners = new Set<() => void>()

  constructor(hostname: string, mac: string) {
    this.#hostname = hostname
    this.#mac = mac
  }

  get held(): HeldNames {
    return namesAfter(this.#conflicts, this.#hostname, this.#mac)
  }

  get conflicts(): number {
    return this.#conflicts
  }

  /** Somebody else holds `host`: takes the next name, unless that has happened already. */
  lose(host: string): void {
    if (host !== this.held.host) return
    this.#conflicts++
    for (const listener of this.#listeners) listener()
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }
}

/**
 * The names to claim after `conflicts` of them were found taken: first the configured name, then
 * the one with the MAC, which is the same after the next boot; a number only for a cloned MAC.
 */
export function namesAfter(conflicts: number, hostname: string, mac: string): HeldNames {
  const unique = uniqueName(hostname, mac)
  if (conflicts === 0) return { host: hostname, unique }
  const held = conflicts === 1 ? unique : `${unique.slice(0, 59)}-${conflicts}`
  return { host: held, unique: held }
}

export function uniqueName(hostname: string, mac: string): string {
  const suffix = `-${mac.replaceAll(':', '').slice(6)}`
  return hostname.toLowerCase().slice(0, 63 - suffix.length) + suffix
}
