import { mdnsGroup, staticLinkLocal } from '../../../common/contract.ts'
import { ownLinkLocal } from '../../../common/links.ts'
import type { Check } from '../check.ts'
import { type Way, wayTo } from '../doors/ip.ts'
import { type Finding, fix, rootFix } from '../finding.ts'
import { onEachLink } from './interface.ts'

/** Packets to the link leave by the link. */
export const routes: Check = {
  layer: 'route',
  isOfLinux: true,
  run: (context, signal) =>
    onEachLink(context, async (link) => {
      if (ownLinkLocal(link) === undefined) return []
      const [machine, group] = await Promise.all([
        wayTo(staticLinkLocal, link.name, signal),
        wayTo(mdnsGroup.IPv6, link.name, signal),
      ])
      return judgeWays(link.name, machine, group)
    }),
}

/** By which link the kernel would send to a machine on a link, and to a group there. Pure. */
export function judgeWays(link: string, machine: Way, group: Way): Finding[] {
  const wrong = [
    ...judge(link, machine, 'machines', 'no-unicast-route', ['fe80::/64', 'dev', link]),
    ...judge(link, group, 'groups (multicast)', 'no-multicast-route', [
      'multicast',
      'ff00::/8',
      'dev',
      link,
      'table',
      'local',
    ]),
  ]
  if (wrong.length > 0) return wrong
  const reason = `packets to machines and groups on ${link} leave by it`
  return [{ level: 'ok', code: 'routes', interface: link, reason }]
}

function judge(
  link: string,
  way: Way,
  whom: string,
  code: string,
  route: readonly string[],
): Finding[] {
  const about = { level: 'fail', interface: link } as const
  if ('refused' in way)
    return [
      {
        ...about,
        code,
        reason: `there is no route to ${whom} on ${link} (${way.refused})`,
        fix: rootFix(['ip', '-6', 'route', 'add', ...route]),
      },
    ]
  if (way.device === link) return []
  const reason = `packets to ${whom} on ${link} leave by ${way.device}: a rule, perhaps of a VPN, takes them`
  return [{ ...about, code: 'route-elsewhere', reason, fix: fix(['ip', '-6', 'rule', 'show']) }]
}
