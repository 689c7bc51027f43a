import { readFileSync, writeFileSync } from 'node:fs'

/**
 * The kernel's IPv6 neighbour table, and its limit, are shared by all namespaces of a machine, and
 * the limit is set outside of them only: a thousand neighbours in one test would leave no room for
 * the other tests.
 */
const limitPath = '/proc/sys/net/ipv6/neigh/default/gc_thresh3'
const roomy = 8192
/** Tells the tests, which cannot read it. */
const variable = 'INSTALLER_DISCOVERY_NEIGHBOURS'

/** Raises the limit for as long as the tests run, where that is allowed; gives the way back. */
export function makeRoomForNeighbours(): () => void {
  const before = limit()
  if (before < roomy) setLimit(roomy)
  process.env[variable] = String(limit())
  return () => setLimit(before)
}

/** Why a test with so many neighbours is skipped; false when it can run. */
export function skipWithoutRoomFor(neighbours: number): string | false {
  const room = Number(process.env[variable] ?? 0)
  return room < 2 * neighbours && `room for ${room} neighbours only (gc_thresh3)`
}

function limit(): number {
  try {
    return Number(readFileSync(limitPath, 'utf8'))
  } catch {
    return 0
  }
}

function setLimit(entries: number): void {
  try {
    if (entries > 0) writeFileSync(limitPath, String(entries))
  } catch {
    // Not root, or not Linux: those tests are skipped.
  }
}
