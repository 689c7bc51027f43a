import type { Check } from '../check.ts'
import { readNumber } from '../doors/kernel.ts'
import { type Finding, rootFix, setSysctl } from '../finding.ts'
import { onEachLink } from './interface.ts'

/** A parameter below which something does not work (ip-sysctl.rst of Linux). */
interface Bound {
  path: (link: string) => string
  least: number
  usual: number
  consequence: (link: string) => string
}

const bounds: readonly Bound[] = [
  {
    path: (link) => `net/ipv6/neigh/${link}/mcast_solicit`,
    least: 1,
    usual: 3,
    consequence: (link) => `the kernel never asks who has an address on ${link} (NDP)`,
  },
  {
    path: (link) => `net/ipv6/neigh/${link}/unres_qlen_bytes`,
    least: 1,
    usual: 212_992,
    consequence: (link) => `the first packets to each machine on ${link} are thrown away`,
  },
  {
    path: (link) => `net/ipv4/neigh/${link}/mcast_solicit`,
    least: 1,
    usual: 3,
    consequence: (link) => `the kernel never asks who has an IPv4 address on ${link} (ARP)`,
  },
  {
    path: (link) => `net/ipv6/conf/${link}/hop_limit`,
    least: 1,
    usual: 64,
    consequence: (link) => `packets that leave by ${link} may be thrown away at once`,
  },
]

/** Parameters of the kernel that break NDP. */
export const sysctls: Check = {
  layer: 'sysctl',
  run: (context) =>
    onEachLink(context, async ({ name }) => {
      const values = await Promise.all(bounds.map(({ path }) => readNumber(path(name))))
      return judgeParameters(name, values)
    }),
}

/** `values` in the order of the bounds. Pure. */
export function judgeParameters(link: string, values: readonly (number | undefined)[]): Finding[] {
  const broken = bounds.flatMap(({ path, least, usual, consequence }, index): Finding[] => {
    const value = values[index]
    if (value === undefined || value >= least) return []
    const name = path(link)
    return [
      {
        level: 'fail',
        code: 'parameter',
        interface: link,
        reason: `${name.replaceAll('/', '.')} is ${value}: ${consequence(link)}`,
        fix: rootFix(setSysctl(name, usual)),
      },
    ]
  })
  if (broken.length > 0 || values.every((value) => value === undefined)) return broken
  const reason = `no kernel parameter breaks NDP on ${link}`
  return [{ level: 'ok', code: 'parameters', interface: link, reason }]
}
