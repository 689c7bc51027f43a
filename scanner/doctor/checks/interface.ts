import type { Link } from '../../../common/links.ts'
import { whyNoise } from '../../left-out.ts'
import type { Check, Context } from '../check.ts'
import { readStates } from '../doors/ip.ts'
import { readCard } from '../doors/kernel.ts'
import { type Finding, fix, rootFix } from '../finding.ts'

/** What a card tells beside the flags that Link has. */
export interface Card {
  isUp: boolean
  isDormant: boolean
  isWireless: boolean
  /** Mb/s; undefined where it has none, as a virtual one. */
  speed: number | undefined
  duplex: string | undefined
}

/** Up, with carrier and multicast. */
export const interfaces: Check = {
  layer: 'interface',
  async run({ links, meant, searched, isNamed }, signal) {
    const states = await readStates(signal)
    // A card that is not used is no fault, as long as another is.
    const isGrave = isNamed || searched.length === 0
    const judged = meant.map(async (link) => {
      const { isUp = true, isDormant = false } = states.get(link.name) ?? {}
      return judgeCard(link, { ...(await readCardOf(link)), isUp, isDormant }, isGrave)
    })
    const none = meant.length === 0 ? [noCard(links)] : []
    return [...(await Promise.all(judged)), ...none, ...(isNamed ? [] : leftOut(links))]
  },
}

async function readCardOf({ name }: Link): Promise<Omit<Card, 'isUp' | 'isDormant'>> {
  const [speed, duplex, wireless] = await Promise.all([
    readCard(name, 'speed'),
    readCard(name, 'duplex'),
    readCard(name, 'phy80211/index'),
  ])
  const megabits = Number(speed)
  return {
    isWireless: wireless !== undefined,
    speed: megabits > 0 ? megabits : undefined,
    duplex,
  }
}

/** 10 Mb/s is what a card falls back to on a broken cable, and too slow to install by. */
const slowMegabits = 10

/** What is to be said of one card. Pure. */
export function judgeCard(link: Link, card: Card, isGrave: boolean): Finding {
  const { name } = link
  const level = isGrave ? 'fail' : 'warn'
  const about = { interface: name }
  const up = ['ip', 'link', 'set', 'dev', name]
  if (!card.isUp)
    return {
      ...about,
      level,
      code: 'down',
      reason: `${name} is switched off`,
      fix: rootFix([...up, 'up']),
    }
  if (card.isDormant)
    return {
      ...about,
      level,
      code: 'dormant',
      reason: `${name} may not speak yet: its Wi-Fi or 802.1X port has not let it in`,
      fix: fix(['ip', '-d', 'link', 'show', 'dev', name]),
    }
  if (!link.running)
    return {
      ...about,
      level,
      code: 'no-carrier',
      reason: `${name} has no carrier: ${card.isWireless ? 'it has joined no Wi-Fi' : 'no cable is plugged in, or the other end is off'}`,
      fix: fix(['ip', 'monitor', 'link', 'dev', name]),
    }
  if (!link.multicast)
    return {
      ...about,
      level: 'fail',
      code: 'no-multicast',
      reason: `${name} has multicast switched off: neither NDP nor mDNS work`,
      fix: rootFix([...up, 'multicast', 'on']),
    }
  const pace = [
    card.speed === undefined ? [] : `${card.speed} Mb/s`,
    card.duplex === 'half' ? 'half duplex' : [],
  ].flat()
  if (card.duplex === 'half' || (card.speed ?? Infinity) <= slowMegabits)
    return {
      ...about,
      level: 'warn',
      code: 'slow',
      reason: `${name} runs at ${pace.join(', ')}: the cable or the port may be broken`,
      fix: rootFix(['ethtool', name]),
    }
  const facts = [...pace, ...(card.isWireless ? ['Wi-Fi'] : [])]
  return {
    ...about,
    level: 'ok',
    code: 'up',
    reason: `${name} has carrier and multicast${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`,
  }
}

function noCard(links: readonly Link[]): Finding {
  const others = links.filter((link) => !link.loopback).map(({ name }) => name)
  return {
    level: 'fail',
    code: 'no-interface',
    reason: `there is no network card here${others.length > 0 ? `, only ${others.join(', ')}` : ''}: is its driver loaded?`,
    fix: fix(['ip', '-br', 'link']),
  }
}

/** One line a reason, however many links it is true of. */
export function leftOut(links: readonly Link[]): Finding[] {
  const named = new Map<string, string[]>()
  for (const link of links.filter((each) => !each.loopback)) {
    const reason = whyNoise(link, links)
    if (reason) named.set(reason, [...(named.get(reason) ?? []), link.name])
  }
  return [...named].map(([reason, names]) => ({
    level: 'ok',
    code: 'left-out',
    reason: `not searched, because it ${reason}: ${names.join(', ')}`,
    fix: fix(['scanner', 'doctor', '--interface', names[0] ?? '']),
  }))
}

/** For the checks that ask something of each link that can be searched. */
export async function onEachLink(
  { searched }: Pick<Context, 'searched'>,
  ask: (link: Link) => Promise<Finding[]>,
): Promise<Finding[]> {
  return (await Promise.all(searched.map(ask))).flat()
}
