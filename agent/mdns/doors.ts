import { isIPv4, isLinkLocal6 } from '../../common/address.ts'
import { mdnsPort } from '../../common/contract.ts'
import { isUsable, type Link, ownIPv4, ownLinkLocal } from '../../common/links.ts'
import { type Arrival, type Door, openGroup, openUnicast } from '../../common/mdns.ts'

/** The sockets of one link in one family, kept in step with its addresses. */
export class LinkDoors {
  /** Sends to the group, and hears it; there while the link has an address of the family. */
  group: Door | undefined
  readonly #family: Door['family']
  readonly #receive: (door: Door, arrival: Arrival) => void
  /** By what they are bound to: the group's, and one on each address. */
  readonly #doors = new Map<string, Door>()
  #malformedBefore = 0

  constructor(family: Door['family'], receive: (door: Door, arrival: Arrival) => void) {
    this.#family = family
    this.#receive = receive
  }

  /**
   * Opens what the link's addresses ask for, closes what they no longer do; gives what could not be
   * opened. `otherIPv4`: own addresses on other links, which are not to be heard.
   */
  async refresh(link: Link, otherIPv4: readonly string[]): Promise<unknown[]> {
    const wanted = wantedDoors(link, this.#family, otherIPv4, this.group !== undefined)
    for (const [key, door] of this.#doors)
      if (!wanted.has(key)) {
        this.#close(door)
        this.#doors.delete(key)
      }
    const failures: unknown[] = []
    for (const [key, open] of wanted) {
      if (this.#doors.has(key)) continue
      try {
        const door = await open()
        this.#doors.set(key, door)
        door.onMessage((arrival) => this.#receive(door, arrival))
      } catch (error) {
        failures.push(error)
      }
    }
    this.group = [...this.#doors.values()].find((door) => door.local === undefined)
    return failures
  }

  close(): void {
    for (const door of this.#doors.values()) this.#close(door)
    this.#doors.clear()
    this.group = undefined
  }

  /** How many packets were no DNS messages, on these sockets and on those before them. */
  get malformed(): number {
    const counts = [...this.#doors.values()].map((door) => door.errors.malformed)
    return counts.reduce((sum, each) => sum + each, this.#malformedBefore)
  }

  #close(door: Door): void {
    this.#malformedBefore += door.errors.malformed
    door.close()
  }
}

/**
 * The sockets for a link and family: one in the group, once the family can be spoken, and one on
 * each usable address, so that a direct question is answered from the very address it was sent to.
 * `open`: it is spoken already.
 */
function wantedDoors(
  link: Link,
  family: Door['family'],
  otherIPv4: readonly string[],
  open: boolean,
): Map<string, () => Promise<Door>> {
  const doors = new Map<string, () => Promise<Door>>()
  const speaker =
    family === 'IPv4' ? ownIPv4(link) : (open || isSettled(link)) && ownLinkLocal(link)
  if (!speaker) return doors
  if (family === 'IPv6') doors.set('group', () => openGroup(link.name, family))
  else
    doors.set(`group from ${speaker} but ${otherIPv4}`, () =>
      openGroup(link.name, family, speaker, otherIPv4),
    )
  for (const { address } of link.addresses.filter(isUsable))
    if (isIPv4(address) === (family === 'IPv4'))
      doors.set(address, () => openUnicast(link.name, address, mdnsPort))
  return doors
}

/** At first not while the address that the kernel should speak from is still in DAD: it would take the static one. */
function isSettled(link: Link): boolean {
  const linkLocals = link.addresses.filter((each) => isLinkLocal6(each.address))
  const preferred = linkLocals.filter((each) => !each.deprecated && !each.dadFailed)
  return preferred.length === 0 || preferred.some(isUsable)
}
