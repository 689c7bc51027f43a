/**
 * A packet filter as far as it is needed to tell what becomes of a packet: nftables and iptables are
 * both read into this.
 */

/** What a rule may ask of a packet. Anything else that it asks is `unknown`. */
export interface Packet {
  family: 'ip' | 'ip6'
  protocol: 'udp' | 'icmpv6'
  /** Where it comes in. */
  link: string
  /** Of the connection, as connection tracking sees it. */
  state: 'new' | 'untracked'
  /** UDP. */
  port?: number
  /** ICMPv6. */
  type?: number
}

type Value = string | number | readonly [from: number, to: number]

/** `key: undefined` is something that is not understood here. */
export interface Match {
  key: keyof Packet | undefined
  values: readonly Value[]
  isNegated: boolean
}

export type Verdict =
  | 'accept'
  | 'drop'
  | 'continue'
  | 'return'
  | { jump: string }
  | { goto: string }

export interface Rule {
  matches: readonly Match[]
  verdict: Verdict
}

/** `policy` is of a chain that packets come to by themselves: undefined where only rules lead there. */
export interface Chain {
  policy: 'accept' | 'drop' | undefined
  rules: readonly Rule[]
}

export type Fate = 'accept' | 'drop' | 'unclear'

/** Rules that jump to each other in a circle are refused by the kernel; this is for what is no rule set. */
const deepest = 16

/** What becomes of a packet that comes to a chain with a policy. Pure. */
export function fateIn(chain: Chain, chains: ReadonlyMap<string, Chain>, packet: Packet): Fate {
  const fate = walk(chain, chains, packet, 0)
  return fate === 'continue' ? (chain.policy ?? 'accept') : fate
}

function walk(
  chain: Chain,
  chains: ReadonlyMap<string, Chain>,
  packet: Packet,
  depth: number,
): Fate | 'continue' {
  const possible = new Set<Fate>()
  const settle = (fate: Fate | 'continue') => {
    const end = fate === 'continue' ? (chain.policy ?? fate) : fate
    return [...possible].some((each) => each !== end) ? 'unclear' : end
  }
  for (const rule of chain.rules) {
    const fits = fitting(rule.matches, packet)
    if (fits === false) continue
    if (rule.verdict === 'return') {
      if (fits) return settle('continue')
      continue
    }
    const fate = verdictOf(rule.verdict, chains, packet, depth)
    if (fate === 'continue') continue
    if (fits && fate !== 'unclear') return settle(fate)
    possible.add(fate)
  }
  return settle('continue')
}

function verdictOf(
  verdict: Exclude<Verdict, 'return'>,
  chains: ReadonlyMap<string, Chain>,
  packet: Packet,
  depth: number,
): Fate | 'continue' {
  if (typeof verdict === 'string') return verdict
  const next = chains.get('jump' in verdict ? verdict.jump : verdict.goto)
  return next && depth < deepest ? walk(next, chains, packet, depth + 1) : 'unclear'
}

/** Whether a packet is what a rule asks for; undefined when that is not known. */
function fitting(matches: readonly Match[], packet: Packet): boolean | undefined {
  const results = matches.map((match) => fits(match, packet))
  if (results.includes(false)) return false
  return results.includes(undefined) ? undefined : true
}

function fits({ key, values, isNegated }: Match, packet: Packet): boolean | undefined {
  if (key === undefined) return undefined
  const own = packet[key]
  // A UDP packet has no type of ICMPv6.
  if (own === undefined) return false
  return values.some((value) => isValue(value, own)) !== isNegated
}

function isValue(value: Value, own: string | number): boolean {
  if (typeof value === 'object')
    return typeof own === 'number' && own >= value[0] && own <= value[1]
  if (typeof value === 'string' && /[+*]$/.test(value))
    return String(own).startsWith(value.slice(0, -1))
  return value === own
}
