import { errorMessage } from '../../common/failure.ts'
import { isUsable, type Link, type LinkAddress } from '../../common/links.ts'
import type { Log } from '../../common/log.ts'
import { spread } from '../../common/schedule.ts'
import { Complaints } from '../complaints.ts'
import { type DesiredAddress, desiredAddresses } from './desired-addresses.ts'
import { DisabledFailure, type Kernel, PermissionFailure } from './kernel.ts'
import {
  type AddressAction,
  type AddressMemory,
  isOwn,
  noMemory,
  ownMetric,
  planAddress,
  presentAddress,
} from './reconcile.ts'
import { retryDelay } from './retry.ts'

export interface AddressMeans {
  options: { addresses: boolean; staticAddress: string | undefined }
  kernel: Kernel
  log: Log
  /** A steady clock, in milliseconds. */
  now(): number
  /** 0 <= x < 1. */
  random(): number
  /** Asks for another look; of several the earliest counts. */
  lookAgainIn(milliseconds: number): void
}

/** How the link's addresses stand, for people and scripts. */
export interface AddressState {
  address: string
  /** `missing`: the kernel refuses it. `duplicate`: another machine on the link holds it. */
  state: 'missing' | 'tentative' | 'duplicate' | 'usable'
  /** Added by the agent, and removed when it leaves. */
  own: boolean
  /** Milliseconds until it is tried again; undefined when nothing is due. */
  retryIn: number | undefined
}

/** All who waited for the static address hear of it at once: not all at once, and yet at once. */
const freedSpreadMs = 250

/** Keeps the addresses of one link. What to do is decided by reconcile.ts; here it is done. */
export class LinkAddresses {
  readonly #means: AddressMeans
  readonly #complaints: Complaints
  readonly #memories = new Map<string, AddressMemory>()
  #link: Link
  #desired: DesiredAddress[]

  constructor(link: Link, means: AddressMeans) {
    this.#link = link
    this.#desired = desiredAddresses(link, means.options.staticAddress)
    this.#means = means
    this.#complaints = new Complaints(means.log)
  }

  /**
   * Does what is to be done on the link as it is now, and changes `link` to what it is then. Throws
   * a PermissionFailure; any other trouble is said once, and the rest goes on.
   */
  async update(link: Link): Promise<void> {
    this.#link = link
    this.#complaints.begin()
    if (!this.#means.options.addresses) return
    for (const desired of this.#desired) {
      const before = this.#memory(desired)
      const { action, memory } = planAddress(link, desired, before, {
        now: this.#means.now(),
        random: this.#means.random,
      })
      this.#memories.set(desired.address, memory)
      if (memory.duplicate !== before.duplicate) this.#sayWhose(link, desired, memory.duplicate)
      await this.#perform(link, desired, action, before)
      this.#askForLook(desired)
    }
  }

  /**
   * The machine that held the static address has said goodbye: it is tried again now. Anybody may
   * say so, as often as he likes; who waits already does not wait longer, and the detection that
   * is under way comes to its end.
   */
  holderLeft(): void {
    const desired = this.#desired.find((each) => each.deprecated)
    if (!desired) return
    const memory = { ...this.#memory(desired), failures: 0 }
    const { now, random } = this.#means
    const soon = now() + spread(0, freedSpreadMs, random)
    const retryAt = memory.retryAt && Math.min(memory.retryAt, soon)
    this.#memories.set(desired.address, { ...memory, retryAt })
    this.#askForLook(desired)
  }

  /** Takes along what is there because of us. `link` is the link as it is now. */
  async leave(link: Link): Promise<void> {
    for (const desired of this.#desired) {
      const present = presentAddress(link, desired.address)
      if (!this.#means.options.addresses || !present || !isOwn(present, this.#memory(desired)))
        continue
      if (await this.#isRemoved(link, desired.address))
        link.addresses = link.addresses.filter((each) => each !== present)
    }
  }

  /** What is wrong now, in sentences. */
  get complaints(): string[] {
    return this.#complaints.present
  }

  /** No event asks for it again, and at the end of the agent no look follows: so two tries at once. */
  async #isRemoved(link: Link, address: string): Promise<boolean> {
    for (const isLast of [false, true])
      try {
        await this.#means.kernel.removeAddress(link.name, address)
        return true
      } catch (error) {
        if (isLast) this.#means.log.warn({ link: link.name }, errorMessage(error))
      }
    return false
  }

  /** How the addresses that the link should have stood at the last look. */
  states(): AddressState[] {
    return this.#desired.map((desired) => {
      const present = presentAddress(this.#link, desired.address)
      const memory = this.#memory(desired)
      const { retryAt } = memory
      return {
        address: desired.address,
        state: stateOf(present),
        own: present !== undefined && isOwn(present, memory),
        retryIn: retryAt === undefined ? undefined : Math.max(0, retryAt - this.#means.now()),
      }
    })
  }

  #memory({ address }: DesiredAddress): AddressMemory {
    return this.#memories.get(address) ?? noMemory
  }

  async #perform(
    link: Link,
    desired: DesiredAddress,
    action: AddressAction,
    { carrierChanges }: AddressMemory,
  ): Promise<void> {
    const { address } = desired
    try {
      if (action.do === 'add') await this.#add(link, desired, action.detect)
      else if (action.do === 'again') await this.#addAgain(link, desired, action.own)
    } catch (error) {
      if (error instanceof PermissionFailure) throw error
      // The carrier is not dealt with yet: an address that came back with it still has to be added again.
      const memory = { ...this.#memory(desired), carrierChanges }
      const isOff = error instanceof DisabledFailure
      // NetworkManager turns IPv6 off and on again within milliseconds, each time DHCP has failed:
      // that is nothing to tell of. Off for longer, an event tells when it is on.
      const isNews = !isOff || memory.failures > 0
      if (isNews) this.#complaints.say(link.name, error)
      this.#memories.set(address, isOff && isNews ? noRetry(memory) : this.#failedOnce(memory))
    }
  }

  async #add(link: Link, desired: DesiredAddress, detect: boolean): Promise<void> {
    const added = { ...desired, marked: true, detect }
    if (!(await this.#means.kernel.addAddress(link.name, added))) return
    this.#remember(link, desired, { own: true, tentative: detect })
    this.#means.log.info({ link: link.name, address: desired.address }, 'address added')
  }

  async #addAgain(link: Link, desired: DesiredAddress, own: boolean): Promise<void> {
    const added = { ...desired, marked: own, detect: true }
    await this.#means.kernel.replaceAddress(link.name, added)
    this.#remember(link, desired, { own, tentative: true })
    this.#means.log.debug({ link: link.name, address: desired.address }, 'address added again')
  }

  /** What the kernel now has, without looking: the responders go on from here. */
  #remember(
    link: Link,
    { address, deprecated }: DesiredAddress,
    { own, tentative }: { own: boolean; tentative: boolean },
  ): void {
    const memory = this.#memories.get(address) ?? noMemory
    const now = { added: own, usable: !tentative, missedAt: undefined }
    this.#memories.set(address, noRetry({ ...memory, ...now }))
    link.addresses = link.addresses.filter((each) => each.address !== address)
    const metric = own ? ownMetric : undefined
    link.addresses.push({
      address,
      prefixLength: 64,
      deprecated,
      tentative,
      dadFailed: false,
      metric,
    })
  }

  #failedOnce(memory: AddressMemory): AddressMemory {
    const retryAt = this.#means.now() + retryDelay(memory.failures, this.#means.random)
    return { ...memory, failures: memory.failures + 1, retryAt }
  }

  #askForLook(desired: DesiredAddress): void {
    const { retryAt } = this.#memory(desired)
    if (retryAt !== undefined)
      this.#means.lookAgainIn(Math.max(0, Math.ceil(retryAt - this.#means.now())))
  }

  /** Two installers on a link are a normal state, two cards with one MAC are not. */
  #sayWhose(link: Link, { address, deprecated }: DesiredAddress, duplicate: boolean): void {
    const { log } = this.#means
    const facts = { link: link.name, address }
    if (!duplicate) log.info(facts, 'address is ours now')
    else if (deprecated) log.warn(facts, `${address} is held by another machine on ${link.name}`)
    else
      log.error(
        { ...facts, mac: link.mac, advice: cloneAdvice },
        `${address}, made of the MAC of ${link.name} itself, is held by another machine there`,
      )
  }
}

const cloneAdvice =
  'two cards have one MAC, mostly because a virtual machine was cloned: give one of them another'

function noRetry(memory: AddressMemory): AddressMemory {
  return { ...memory, retryAt: undefined }
}

function stateOf(present: LinkAddress | undefined): AddressState['state'] {
  if (!present) return 'missing'
  if (present.dadFailed) return 'duplicate'
  return isUsable(present) ? 'usable' : 'tentative'
}
