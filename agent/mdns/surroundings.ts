import type { Link } from '../../common/links.ts'
import type { Log } from '../../common/log.ts'
import type { Service } from './records.ts'

/** What a responder needs to know that is not of its link. */
export interface Surroundings {
  service: Service
  /** Whether an address is one of this machine's own: what is heard from it is no conflict. */
  isOwn(address: string): boolean
  /** The links of this machine but this one. */
  otherLinks(link: Link): Link[]
  /** The interface by which the kernel would send to an address; undefined when that is not known. */
  route(address: string): Promise<string | undefined>
  /** Another machine on the link has said goodbye for the static address: it may be free now. */
  staticAddressFreed(): void
  /** There is something new to show of the link. */
  changed(): void
  log: Log
  /** 0 <= x < 1, for the random delays of RFC 6762. */
  random(): number
}
