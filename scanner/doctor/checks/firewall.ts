import { mdnsPort } from '../../../common/contract.ts'
import type { Link } from '../../../common/links.ts'
import type { Way } from '../../scan.ts'
import { dropsGroup } from '../../sources/firewall.ts'
import type { Check, Context } from '../check.ts'
import { askFirewalld, readIptables, readNftables } from '../doors/rules.ts'
import { type Finding, rootFix } from '../finding.ts'
import { type Closed, judgeFirewalld, judgeRules, type Rules } from '../firewall/closed.ts'
import { onEachLink } from './interface.ts'

/** What a firewall on this machine does to mDNS and NDP: by its rules, and by what comes in. */
export const firewall: Check = {
  layer: 'firewall',
  async run(context, signal) {
    const [nftables, ip4, ip6] = await Promise.all([
      readNftables(signal),
      readIptables('IPv4', signal),
      readIptables('IPv6', signal),
    ])
    const said = { nftables, ip4, ip6 }
    return onEachLink(context, async (link) => {
      const [way, firewalld] = await Promise.all([
        wayOn(link, context),
        askFirewalld(link.name, signal),
      ])
      const closed = firewalld ? judgeFirewalld(link, firewalld) : judgeRules(link, said)
      return judgeFirewall(link, closed, way, isHidden(said))
    })
  },
}

function isHidden({ nftables, ip4, ip6 }: Rules): boolean {
  return [nftables, ip4, ip6].includes('hidden')
}

async function wayOn({ name }: Link, { look }: Context): Promise<Way | undefined> {
  const { ways } = await look
  return ways.find((way) => way.link.name === name)
}

/** What is to be said of the firewall for a link. Pure. */
export function judgeFirewall(
  link: Pick<Link, 'name'>,
  closed: readonly Closed[],
  way: Way | undefined,
  isHidden: boolean,
): Finding[] {
  const about = { interface: link.name }
  const certain = closed.filter(({ fate }) => fate === 'drop')
  const byRules = certain.map((each): Finding => ({ ...about, ...wordsFor(each, link) }))
  const byBehaviour = judgeBehaviour(link, way, certain, isHidden)
  if (byRules.length + byBehaviour.length > 0) return [...byRules, ...byBehaviour]
  const querier = way?.querier
  const isHeard =
    querier !== undefined && (querier.heard.ownQuestion || querier.heard.fromGroup > 0)
  const seen = isHidden
    ? 'firewall rules cannot be read without root: judged by behaviour, '
    : closed.length > 0
      ? `the rules have conditions that are not understood here (${closed[0]?.where}): judged by behaviour, `
      : ''
  if (isHeard)
    return [
      {
        ...about,
        level: 'ok',
        code: 'open',
        reason: `${seen}multicast DNS comes in on ${link.name}`,
      },
    ]
  if (seen === '')
    return [
      {
        ...about,
        level: 'ok',
        code: 'no-rule',
        reason: `no rule drops multicast DNS or NDP on ${link.name}`,
      },
    ]
  return [
    {
      ...about,
      level: 'warn',
      code: 'rules-hidden',
      reason: `${seen}nothing can be said of ${link.name}: nothing was heard there`,
      fix: rootFix(['scanner', 'doctor', '--interface', link.name]),
    },
  ]
}

function wordsFor({ what, where, open }: Closed, { name }: Pick<Link, 'name'>) {
  return what === 'ndp'
    ? ({
        level: 'fail',
        code: 'rules-drop-ndp',
        reason: `a firewall on this machine drops NDP on ${name}, without which IPv6 reaches nobody (${where})`,
        fix: open,
      } as const)
    : ({
        level: 'warn',
        code: 'rules-drop-mdns',
        reason: `a firewall on this machine drops multicast DNS on ${name} (${where}${forGood(where)})`,
        fix: open,
      } as const)
}

/** Rules that NixOS made are made anew by it. */
function forGood(where: string): string {
  const option = `networking.firewall.allowedUDPPorts = [ ${mdnsPort} ]`
  return where.includes('nixos-fw') ? `; for good: ${option}` : ''
}

/** What came in, and what did not, whatever rules say. */
function judgeBehaviour(
  { name }: Pick<Link, 'name'>,
  way: Way | undefined,
  known: readonly Closed[],
  isHidden: boolean,
): Finding[] {
  const querier = way?.querier
  if (querier === undefined) return []
  const { heard, hearsGroup, askedGroup } = querier
  const about = { interface: name }
  const by = `by behaviour${isHidden ? ' (its rules cannot be read without root)' : ''}`
  const look = known[0]?.open ?? rootFix(['nft', 'list', 'ruleset'])
  if (!askedGroup)
    return [
      {
        ...about,
        level: 'fail',
        code: 'question-refused',
        reason: `no question to the group leaves by ${name}: a firewall on this machine, or the kernel, refuses it`,
        fix: rootFix(['nft', 'list', 'ruleset']),
      },
    ]
  if (dropsGroup(querier))
    return [
      {
        ...about,
        level: 'warn',
        code: 'drops-multicast',
        reason: `${by}: who is asked directly on ${name} answers, and nothing comes in from the multicast group, not even our own question: machines that are not asked one by one stay hidden`,
        fix: look,
      },
    ]
  if (!hearsGroup || heard.ownQuestion || heard.fromGroup > 0) return []
  return [
    {
      ...about,
      level: 'warn',
      code: 'question-not-back',
      reason: `${by}: our own question to the multicast group did not come back on ${name}: a firewall on this machine drops UDP port ${mdnsPort}`,
      fix: look,
    },
  ]
}
