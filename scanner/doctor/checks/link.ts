import { splitZone } from '../../../common/address.ts'
import type { Link } from '../../../common/links.ts'
import { fullTableWarning } from '../../loss.ts'
import type { Machine } from '../../machine.ts'
import type { Way } from '../../scan.ts'
import { dropsGroup } from '../../sources/firewall.ts'
import type { Check } from '../check.ts'
import { type Router, readRouters } from '../doors/ip.ts'
import { type Finding, fix, rootFix } from '../finding.ts'

/** What comes through between us and the machines on a link, and what does not. */
export const linkBehaviour: Check = {
  layer: 'link',
  async run({ look }, signal) {
    const [{ ways, machines, warnings }, routers] = await Promise.all([look, readRouters(signal)])
    const others = warnings.filter((each) => !toldElsewhere.test(each) && each !== fullTableWarning)
    return [
      ...ways.flatMap((way) => judgeWay(way, on(way.link, machines), routers)),
      ...others.map((reason): Finding => ({ level: 'warn', code: 'search', reason })),
    ]
  },
}

/** What the checks of the firewall, the port and ping say more of. */
const toldElsewhere = /^(a firewall on this machine|UDP port|no echo)/

function on({ name }: Link, machines: readonly Machine[]): Machine[] {
  return machines.filter(({ links }) => links.some((each) => each.interface === name))
}

/** What is to be said of a link on which `machines` have been seen. Pure. */
export function judgeWay(
  { link, querier, echoes }: Way,
  machines: readonly Machine[],
  routers: readonly Router[],
): Finding[] {
  const about = { interface: link.name }
  if (machines.length === 0)
    return [
      {
        ...about,
        level: 'warn',
        code: 'nobody',
        reason: `nobody answers on ${link.name}, neither an echo nor mDNS`,
        fix: fix(['ping', '-6', '-L', '-c', '3', `ff02::1%${link.name}`]),
      },
    ]
  if (machines.every((each) => isRouter(each, link, routers)))
    return [
      {
        ...about,
        level: 'warn',
        code: 'only-router',
        reason: `only the router answers on ${link.name}: where others should be there, Wi-Fi client isolation or a guest network keeps you apart; use a cable, or switch that off in the access point`,
      },
    ]
  const heard = querier?.heard ?? { fromGroup: 0, direct: 0 }
  const isDeafened = querier !== undefined && dropsGroup(querier)
  const lost: Finding[] = [
    ...(heard.direct > 0 && heard.fromGroup === 0 && !isDeafened ? [multicastLost(link)] : []),
    ...(echoes.sent > 0 && echoes.answered === 0 && heard.direct + heard.fromGroup > 0
      ? [echoLost(link)]
      : []),
  ]
  if (lost.length > 0) return lost
  const multicast = heard.fromGroup > 0 ? '' : ', none of them by mDNS'
  const reason = `${count(machines.length, 'machine')} on ${link.name} ${machines.length === 1 ? 'answers' : 'answer'}${multicast}`
  return [{ ...about, level: 'ok', code: 'heard', reason }]
}

function isRouter({ links }: Machine, { name }: Link, routers: readonly Router[]): boolean {
  const own = links.flatMap((link) => link.addresses.map((each) => splitZone(each.address).address))
  return routers.some((router) => router.link === name && own.includes(router.address))
}

function multicastLost({ name, kind }: Link): Finding {
  const isBridge = kind === 'bridge'
  return {
    level: 'warn',
    code: 'multicast-lost',
    interface: name,
    reason: `machines on ${name} answer when they are asked one by one, and nobody answers the question to all: ${isBridge ? 'the bridge' : 'a switch or an access point'} passes multicast on to nobody (IGMP/MLD snooping without a querier, or isolation); ssh works all the same`,
    ...(isBridge && {
      fix: rootFix(['ip', 'link', 'set', 'dev', name, 'type', 'bridge', 'mcast_snooping', '0']),
    }),
  }
}

function echoLost({ name }: Link): Finding {
  return {
    level: 'warn',
    code: 'echo-lost',
    interface: name,
    reason: `machines on ${name} speak mDNS and answer no echo: a firewall here or there drops ICMPv6, without which those that do not announce themselves stay hidden`,
    fix: rootFix(['nft', 'list', 'ruleset']),
  }
}

/** `1 machine`, `2 machines`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
