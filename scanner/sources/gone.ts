import { networkInterfaces } from 'node:os'
import { errorCode, explain, Failure } from '../../common/failure.ts'
import { type Link, ownIPv4, ownLinkLocal } from '../../common/links.ts'

/** What the kernel says of a link that was unplugged, set down or deleted, and of an address that was taken away. */
const goneCodes = /^(ENETUNREACH|ENETDOWN|ENODEV|ENXIO|EADDRNOTAVAIL|EINVAL)$/

/** Whether something failed because the link, or the address that it was asked from, is no longer there. */
export function isGone(link: Link, error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return goneCodes.test(errorCode(error) ?? errorCode(cause) ?? '') || !isPresent(link)
}

/** Node lists the links that are up, under the name that people know. */
function isPresent(link: Link): boolean {
  const present = networkInterfaces()[link.label ?? link.name] ?? []
  const own = [ownLinkLocal(link), ownIPv4(link)]
  return present.some(({ address }) => own.includes(address))
}

/** One sentence for a link that is gone, whichever source meets with it; mDNS is asked on every link. */
export function goneWarning({ name }: Pick<Link, 'name'>): string {
  return `mdns on ${name}: ${name}, or its address, is gone (plug it in again, or see what became of it: ip address show)`
}

/** Why mDNS fails on a link; a Failure says on which. */
export function mdnsWarning(link: Link, error: unknown): string {
  if (isGone(link, error)) return goneWarning(link)
  return error instanceof Failure ? explain(error) : `mdns on ${link.name}: ${explain(error)}`
}
