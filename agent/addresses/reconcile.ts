import type { Link, LinkAddress } from '../../common/links.ts'
import type { DesiredAddress } from './desired-addresses.ts'
import { retryDelay } from './retry.ts'

/**
 * The metric that marks an address as added by the agent. It is the kernel's default for prefix
 * routes, so it changes nothing; but only where somebody asked for it does the kernel show it. So
 * the agent knows its addresses again after it was killed.
 */
export const ownMetric = 256

/**
 * An address that was held this long ago may come back without duplicate address detection. Others
 * need a second of silence to take it (RFC 4862 section 5.4, RetransTimer), and had no silence before.
 */
const justNowMs = 1000

/** What the agent remembers of one address on one link between two looks. */
export interface AddressMemory {
  /** We added it, and have not seen it with our mark yet: kernels before 4.18 keep none. */
  added: boolean
  /** It had passed duplicate address detection at the last look. */
  usable: boolean
  /** When it was first found missing after it had been usable, in milliseconds of a steady clock. */
  missedAt: number | undefined
  /** Another machine was found to hold it, and it has not been usable since. */
  duplicate: boolean
  /** The link's carrier changes at the last look; undefined before the first. */
  carrierChanges: number | undefined
  /** Tries that failed since it was last usable. */
  failures: number
  /** When it is tried again, in milliseconds of a steady clock; undefined when nothing is due. */
  retryAt: number | undefined
}

export const noMemory: AddressMemory = {
  added: false,
  usable: false,
  missedAt: undefined,
  duplicate: false,
  carrierChanges: undefined,
  failures: 0,
  retryAt: undefined,
}

/** What to do about one address; `again` deletes it and adds it, for duplicate address detection. */
export type AddressAction =
  | { do: 'nothing' }
  | { do: 'add'; detect: boolean }
  | { do: 'again'; own: boolean }

export interface AddressPlan {
  action: AddressAction
  memory: AddressMemory
}

/** `now` in milliseconds of a steady clock, `random` with 0 <= x < 1. */
export interface Chance {
  now: number
  random(): number
}

/**
 * What to do about an address that the link should have. Level-triggered: it compares what is with
 * what should be, and what was at the last look, and knows nothing of events.
 */
export function planAddress(
  link: Link,
  desired: DesiredAddress,
  memory: AddressMemory,
  chance: Chance,
): AddressPlan {
  const present = presentAddress(link, desired.address)
  const { carrierChanges } = link
  const settled = { carrierChanges, retryAt: undefined }
  const sameCarrier = memory.carrierChanges === carrierChanges
  if (!present) {
    // RFC 4862 section 5.4 wants detection for every address that is assigned. An address that
    // passed it, and was taken away under a carrier that stayed, has been defended until just now:
    // a manager that removes it must not make the machine unreachable for the 1 to 2 s that it takes.
    const missedAt = memory.usable ? chance.now : memory.missedAt
    const justNow = missedAt !== undefined && chance.now - missedAt < justNowMs
    const gone = { ...memory, ...settled, added: false, usable: false, missedAt }
    return plan({ do: 'add', detect: !(justNow && sameCarrier) }, gone)
  }
  const own = isOwn(present, memory)
  // Where the kernel shows the mark, it is the mark that counts.
  const added = memory.added && present.metric !== ownMetric
  if (present.dadFailed)
    return planFailed(
      own,
      desired,
      { ...memory, added, carrierChanges, missedAt: undefined },
      chance,
    )
  const kept = { ...memory, ...settled, added, missedAt: undefined }
  if (present.tentative) return plan({ do: 'nothing' }, { ...kept, usable: false })
  const flapped = memory.carrierChanges !== undefined && !sameCarrier
  // The kernel brings an address back with the carrier, without duplicate address detection: on
  // what may be another segment, or after another machine has taken it (RFC 4862 section 5.4).
  if (own && flapped) return plan({ do: 'again', own }, { ...kept, usable: false })
  return plan({ do: 'nothing' }, { ...kept, usable: true, duplicate: false, failures: 0 })
}

/** The kernel never tries again by itself: an address that failed stays so for ever. */
function planFailed(
  own: boolean,
  { deprecated }: DesiredAddress,
  memory: AddressMemory,
  { now, random }: Chance,
): AddressPlan {
  const failed = { ...memory, usable: false, duplicate: true }
  // fe80::47 of another program is that program's. The card's own address is the same whoever adds
  // it, mostly the kernel, and worth nothing as it is; it stays whose it was.
  if (!own && deprecated) return plan({ do: 'nothing' }, { ...failed, retryAt: undefined })
  const retryAt = memory.retryAt ?? now + retryDelay(memory.failures, random)
  if (now < retryAt) return plan({ do: 'nothing' }, { ...failed, retryAt })
  const failures = memory.failures + 1
  return plan({ do: 'again', own }, { ...failed, failures, retryAt: undefined })
}

function plan(action: AddressAction, memory: AddressMemory): AddressPlan {
  return { action, memory }
}

export function presentAddress(link: Link, address: string): LinkAddress | undefined {
  return link.addresses.find((each) => each.address === address)
}

/**
 * Whether an address that the link should have is there because of us, so that it may be removed:
 * it has our mark, from this run or an earlier one, or no mark is kept and we remember.
 */
export function isOwn(present: LinkAddress, { added }: AddressMemory): boolean {
  return present.prefixLength === 64 && (present.metric === ownMetric || added)
}
