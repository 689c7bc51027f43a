import type { Link } from '../common/links.ts'
import type { DesiredAddress } from './desired-addresses.ts'

/**
 * What is missing on the link. Level-triggered: it compares the state that is with the state that
 * should be and knows nothing of events. An address that is there, whoever put it there and
 * whatever its DAD state, is left alone.
 */
export function missingAddresses(link: Link, desired: readonly DesiredAddress[]): DesiredAddress[] {
  const present = new Set(link.addresses.map((each) => each.address))
  return desired.filter((each) => !present.has(each.address))
}

/** Which of the addresses that the agent added are still there to be removed. */
export function removableAddresses(link: Link, added: ReadonlySet<string>): string[] {
  return link.addresses.map((each) => each.address).filter((address) => added.has(address))
}
