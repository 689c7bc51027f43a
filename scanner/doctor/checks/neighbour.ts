import { readNeighbours } from '../../sources/neighbour-table.ts'
import type { Check } from '../check.ts'
import { readKernelFile, readNumber } from '../doors/kernel.ts'
import { type Finding, rootFix, setSysctl } from '../finding.ts'

const limit = 'net/ipv6/neigh/default/gc_thresh3'
/** Of the limit: the kernel throws away what is older than five seconds from gc_thresh2, half of it, on. */
const nearlyFull = 0.85
/** As many as a large hall of machines needs. */
const roomy = 8192

/** Room in the kernel's neighbour table, which all links share. */
export const neighbours: Check = {
  layer: 'neighbour',
  isOfLinux: true,
  async run(_, signal) {
    const [most, statistics, entries] = await Promise.all([
      readNumber(limit),
      readKernelFile('/proc/net/stat/ndisc_cache'),
      readNeighbours(signal),
    ])
    const isIPv6 = ({ address }: { address: string }) => address.includes(':')
    // In a namespace the kernel counts for nobody.
    const count = statistics === undefined ? undefined : parseCount(statistics)
    return [judgeTable(count ?? entries.filter(isIPv6).length, most)]
  },
}

/** Entries in the table: the first column, in hexadecimal, the same for every processor. */
export function parseCount(statistics: string): number | undefined {
  const [, values = ''] = statistics.split('\n')
  const count = Number.parseInt(values.trim().split(/\s+/)[0] ?? '', 16)
  return Number.isNaN(count) ? undefined : count
}

/** What is to be said of a table with so many entries, of so many at most. Pure. */
export function judgeTable(count: number, most: number | undefined): Finding {
  if (most === undefined)
    return {
      level: 'warn',
      code: 'limit-hidden',
      reason: `the neighbour table has ${count} entries; how many it may have is not told in a container or namespace`,
    }
  const facts = `the neighbour table has ${count} of at most ${most} entries`
  const wider = rootFix(setSysctl(limit, Math.max(roomy, 2 * most)))
  if (count >= most)
    return {
      level: 'fail',
      code: 'table-full',
      reason: `${facts}: nobody new can be spoken to`,
      fix: wider,
    }
  if (count >= nearlyFull * most)
    return {
      level: 'warn',
      code: 'table-nearly-full',
      reason: `${facts}: soon nobody new can be spoken to`,
      fix: wider,
    }
  return { level: 'ok', code: 'table', reason: facts }
}
