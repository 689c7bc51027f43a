import type { Chain, Match, Packet, Rule, Verdict } from './rules.ts'

/** Reads the filter table in the output of iptables-save(8) or ip6tables-save: its chains by name. */
export function parseIptables(text: string): Map<string, Chain> {
  const chains = new Map<string, { policy: Chain['policy']; rules: Rule[] }>()
  let table = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim()
    if (table !== 'filter') continue
    const [, name = '', policy = ''] = /^:(\S+) (\S+)/.exec(line) ?? []
    if (name) chains.set(name, { policy: policies[policy], rules: [] })
    const [, chain = '', rest = ''] = /^-A (\S+) ?(.*)$/.exec(line) ?? []
    chains.get(chain)?.rules.push(parseRule(wordsOf(rest)))
  }
  return chains
}

const policies: Record<string, Chain['policy']> = { ACCEPT: 'accept', DROP: 'drop' }

/** Words of a line; a comment in quotes is one. */
function wordsOf(text: string): string[] {
  return text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
}

/** What follows `-A CHAIN`. */
function parseRule(words: readonly string[]): Rule {
  const matches: Match[] = []
  const verdict: Verdict = 'continue'
  let isNegated = false
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    if (word === '!') {
      isNegated = true
      continue
    }
    const value = words[i + 1] ?? ''
    if (word === '-j' || word === '-g') return { matches, verdict: verdictOf(word, value) }
    const isModule = word === '-m' || word === '--comment'
    if (!isModule && word.startsWith('-')) matches.push(matchOf(word, value, isNegated))
    if (isModule || readers[word]) i++
    isNegated = false
  }
  return { matches, verdict }
}

/** Targets that let a packet go on (iptables-extensions(8)). */
const passing = /^(LOG|NFLOG|MARK|CONNMARK|TRACE|CT|TCPMSS)$/

function verdictOf(option: string, target: string): Verdict {
  if (target === 'ACCEPT') return 'accept'
  if (target === 'DROP' || target === 'REJECT') return 'drop'
  if (target === 'RETURN') return 'return'
  if (passing.test(target)) return 'continue'
  return option === '-g' ? { goto: target } : { jump: target }
}

type Value = Match['values'][number]
const numbers = (text: string): Value[] =>
  text.split(',').map((each) => {
    const [from = 0, to = from] = each.split(':').map(Number)
    return to === from ? from : [from, to]
  })
const protocols: Record<string, string> = {
  'ipv6-icmp': 'icmpv6',
  '58': 'icmpv6',
  '17': 'udp',
}

/** Options that are understood: what of a packet they ask for. */
const readers: Record<string, [key: keyof Packet, read: (text: string) => Value[]]> = {
  '-p': ['protocol', (text) => [protocols[text] ?? text]],
  '-i': ['link', (text) => [text]],
  '--dport': ['port', numbers],
  '--dports': ['port', numbers],
  '--ctstate': ['state', (text) => text.toLowerCase().split(',')],
  '--state': ['state', (text) => text.toLowerCase().split(',')],
  '--icmpv6-type': ['type', (text) => numbers(text.replace(/\/.*/, ''))],
}

function matchOf(option: string, value: string, isNegated: boolean): Match {
  const [key, read] = readers[option] ?? []
  return { key, values: read?.(value) ?? [], isNegated }
}
