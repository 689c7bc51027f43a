import type { Chain, Match, Packet, Rule, Verdict } from './rules.ts'

/** A chain that incoming packets come to, with those it leads to. */
export interface Entrance {
  /** As nft names it: family, table and chain. */
  name: readonly [family: string, table: string, chain: string]
  chain: Chain
  chains: ReadonlyMap<string, Chain>
}

/** What libnftables-json(5) prints, as far as it is used. */
type Json = null | string | number | boolean | Json[] | { [key: string]: Json }
type JsonObject = { [key: string]: Json }

/** Where packets for this machine pass (nft(8), hooks). */
const entrances = /^(ingress|prerouting|input)$/

/** Reads the output of `nft -j list ruleset`. */
export function parseNftables(json: string): Entrance[] {
  const { nftables = [] } = JSON.parse(json || '{}') as { nftables?: JsonObject[] }
  const chains = objectsIn(nftables.map(({ chain }) => chain))
  const rules = objectsIn(nftables.map(({ rule }) => rule))
  const all = new Map(
    chains.map((chain): [string, Chain] => {
      const table = `${chain.family} ${chain.table}`
      const isOwn = (rule: JsonObject) =>
        `${rule.family} ${rule.table}` === table && rule.chain === chain.name
      const own = rules.filter(isOwn).flatMap(({ expr }) => parseRule(asList(expr), table))
      return [`${table} ${chain.name}`, { policy: policyOf(chain), rules: own }]
    }),
  )
  return chains.filter(isEntrance).flatMap(({ family, table, name }): Entrance[] => {
    const chain = all.get(`${family} ${table} ${name}`)
    const names = [String(family), String(table), String(name)] as const
    return chain ? [{ name: names, chain, chains: all }] : []
  })
}

function isEntrance({ family, type, hook }: JsonObject): boolean {
  return type === 'filter' && entrances.test(String(hook)) && family !== 'bridge'
}

/** Of a chain with a hook: accept, unless it is told otherwise (nft(8), CHAINS). */
function policyOf({ hook, policy }: JsonObject): Chain['policy'] {
  if (hook === undefined) return undefined
  return policy === 'drop' ? 'drop' : 'accept'
}

/** One rule, or one for each way out of a verdict map. */
function parseRule(expressions: readonly Json[], table: string): Rule[] {
  let rules: Rule[] = [{ matches: [], verdict: 'continue' }]
  for (const expression of objectsIn(expressions)) {
    if ('vmap' in expression) {
      const ways = parseMap(asObject(expression.vmap) ?? {}, table)
      rules = rules.flatMap(({ matches }) =>
        ways.map((way) => ({ matches: [...matches, ...way.matches], verdict: way.verdict })),
      )
      continue
    }
    const verdict = parseVerdict(expression, table)
    const matches = parseMatch(expression)
    rules = rules.map((rule) => ({
      matches: [...rule.matches, ...matches],
      verdict: verdict ?? rule.verdict,
    }))
  }
  return rules
}

/** `ct state vmap { established : accept, new : jump input-allow }`. */
function parseMap({ key = null, data = null }: JsonObject, table: string): Rule[] {
  const entries = asList(asObject(data)?.set ?? null)
  return entries.flatMap((entry): Rule[] => {
    const [value = null, verdict = null] = asList(entry)
    const way = parseVerdict(asObject(verdict) ?? {}, table)
    return way ? [{ matches: matchesOf(key, value, false), verdict: way }] : []
  })
}

function parseVerdict(expression: JsonObject, table: string): Verdict | undefined {
  if ('accept' in expression) return 'accept'
  if ('drop' in expression || 'reject' in expression) return 'drop'
  if ('return' in expression) return 'return'
  const to = (way: Json | undefined) => `${table} ${asObject(way ?? null)?.target}`
  if ('jump' in expression) return { jump: to(expression.jump) }
  if ('goto' in expression) return { goto: to(expression.goto) }
  // A module of iptables, whose own command tells more of it.
  return undefined
}

/** Statements that ask nothing of a packet. */
const statements = /^(accept|drop|reject|return|jump|goto|counter|log|comment|vmap)$/

function parseMatch(expression: JsonObject): Match[] {
  const [name = ''] = Object.keys(expression)
  if (statements.test(name)) return []
  const { op, left = null, right = null } = asObject(expression.match ?? null) ?? {}
  const isPlain = op === '==' || op === 'in' || op === '!='
  return isPlain ? matchesOf(left, right, op === '!=') : [notUnderstood]
}

const notUnderstood: Match = { key: undefined, values: [], isNegated: false }

/** Only a packet of a protocol has its fields: that it is one is asked as well. */
function matchesOf(left: Json, right: Json, isNegated: boolean): Match[] {
  const key = keyOf(left)
  const values = valuesOf(right)
  if (key === undefined || values === undefined) return [...implied(left), notUnderstood]
  const translated = values.map((each) => translate(key, each))
  return [...implied(left), { key, values: translated, isNegated }]
}

function implied(left: Json): Match[] {
  const { protocol } = asObject(asObject(left)?.payload) ?? {}
  if (typeof protocol !== 'string' || protocol === 'th' || protocol === 'ether') return []
  const key = protocol === 'ip' || protocol === 'ip6' ? 'family' : 'protocol'
  return [{ key, values: [protocol], isNegated: false }]
}

/** What of a packet an expression reads. */
function keyOf(left: Json): keyof Packet | undefined {
  const { meta, ct, payload } = asObject(left) ?? {}
  const { key } = asObject(meta ?? ct ?? null) ?? {}
  const { protocol, field } = asObject(payload ?? null) ?? {}
  if (meta) return metaKeys[String(key)]
  if (ct) return key === 'state' ? 'state' : undefined
  if (field === 'dport') return protocol === 'udp' || protocol === 'th' ? 'port' : undefined
  if (field === 'type') return protocol === 'icmpv6' ? 'type' : undefined
  return undefined
}

const metaKeys: Record<string, keyof Packet> = {
  l4proto: 'protocol',
  iifname: 'link',
  iif: 'link',
  nfproto: 'family',
}

type Value = Match['values'][number]

/** Undefined for what is no list of plain values, as a named set. */
function valuesOf(right: Json): Value[] | undefined {
  if (typeof right === 'number') return [right]
  if (typeof right === 'string') return right.startsWith('@') ? undefined : [right]
  const { set, range } = asObject(right) ?? {}
  if (Array.isArray(range)) return [[Number(range[0]), Number(range[1])]]
  const list = Array.isArray(right) ? right : Array.isArray(set) ? set : undefined
  const parts = list?.map(valuesOf)
  return parts?.some((each) => each === undefined)
    ? undefined
    : parts?.flatMap((each) => each ?? [])
}

/** Words of nft in those of Packet: numbers and names mean the same. */
const words: Record<string, Value> = {
  'ipv6-icmp': 'icmpv6',
  ipv4: 'ip',
  ipv6: 'ip6',
  'nd-neighbor-solicit': 135,
  'nd-neighbor-advert': 136,
}
const protocols: Record<number, string> = { 17: 'udp', 58: 'icmpv6' }

function translate(key: keyof Packet, value: Value): Value {
  if (key === 'protocol' && typeof value === 'number') return protocols[value] ?? value
  return typeof value === 'string' ? (words[value] ?? value) : value
}

function asObject(json: Json | undefined): JsonObject | undefined {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined
}

function asList(json: Json | undefined): readonly Json[] {
  return Array.isArray(json) ? json : []
}

function objectsIn(list: readonly (Json | undefined)[]): JsonObject[] {
  return list.map(asObject).filter((each) => each !== undefined)
}
