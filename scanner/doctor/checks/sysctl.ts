import type { Check } from '../check.ts'
import { readNumber } from '../doors/kernel.ts'
import { type Finding, rootFix, setSysctl } from '../finding.ts'
import { onEachLink } from './interface.ts'

/** A parameter, and the values with which something does not work (ip-sysctl.rst of Linux). */
interface Parameter {
  path: (link: string) => string
  breaks: (value: number) => boolean
  usual: number
  consequence: (link: string) => string
}

/** arp_ignore: no address is answered for. */
const answersNone = 8

const parameters: readonly Parameter[] = [
  {
    path: (link) => `net/ipv6/neigh/${link}/mcast_solicit`,
    breaks: (value) => value < 1,
    usual: 3,
    consequence: (link) => `the kernel never asks who has an address on ${link} (NDP)`,
  },
  {
    path: (link) => `net/ipv4/neigh/${link}/mcast_solicit`,
    breaks: (value) => value < 1,
    usual: 3,
    consequence: (link) => `the kernel never asks who has an IPv4 address on ${link} (ARP)`,
  },
  {
    path: (link) => `net/ipv4/conf/${link}/arp_ignore`,
    breaks: (value) => value === answersNone,
    usual: 0,
    consequence: (link) => `nobody on ${link} learns where our IPv4 addresses are (ARP)`,
  },
  {
    path: () => 'net/ipv4/igmp_max_memberships',
    breaks: (value) => value < 1,
    usual: 20,
    consequence: () => 'no program can listen to multicast over IPv4',
  },
]

/** Parameters of the kernel that break NDP, ARP or multicast. */
export const sysctls: Check = {
  layer: 'sysctl',
  isOfLinux: true,
  run: (context) =>
    onEachLink(context, async ({ name }) => {
      const values = await Promise.all(parameters.map(({ path }) => readNumber(path(name))))
      return judgeParameters(name, values)
    }),
}

/** `values` in the order of the parameters. Pure. */
export function judgeParameters(link: string, values: readonly (number | undefined)[]): Finding[] {
  const broken = parameters.flatMap(({ path, breaks, usual, consequence }, index): Finding[] => {
    const value = values[index]
    if (value === undefined || !breaks(value)) return []
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
  const reason = `no kernel parameter breaks NDP, ARP or multicast on ${link}`
  return [{ level: 'ok', code: 'parameters', interface: link, reason }]
}
