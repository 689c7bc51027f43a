import type { Link } from '../../common/links.ts'
import { uniqueName } from '../mdns/names.ts'

/** ssh takes no certificate with more than 256 principals; each card brings three. */
const maxCards = 16

/**
 * The names under which a machine's host key is vouched for: its identity, which `scanner ssh` checks,
 * and what people type. ssh makes host names lower-case before it compares.
 */
export function principals(id: string, hostname: string, links: readonly Link[]): string[] {
  const macs = links.flatMap(({ mac }) => mac ?? []).slice(0, maxCards)
  const labels = [hostname.toLowerCase(), ...macs.map((mac) => uniqueName(hostname, mac))]
  const names = labels.flatMap((label) => [label, `${label}.local`, `${label}.installer`])
  return [...new Set([`installer-${id}`, `${id}.installer`, ...names])]
}
