import { type Check, checkName } from './check.ts'
import type { Result } from './run.ts'

/** A check is kept when it is kept on every kind of link. */
export interface Score {
  kept: Record<Check['level'], number>
  of: Record<Check['level'], number>
  failures: string[]
}

export function score(results: readonly Result[]): Score {
  const failed = new Set(results.filter((each) => each.violation !== undefined).map((r) => r.check))
  const all = [...new Set(results.map((each) => each.check))]
  const count = (level: Check['level'], among: readonly Check[]) =>
    among.filter((check) => check.level === level).length
  const kept = all.filter((check) => !failed.has(check))
  return {
    kept: { MUST: count('MUST', kept), SHOULD: count('SHOULD', kept) },
    of: { MUST: count('MUST', all), SHOULD: count('SHOULD', all) },
    failures: results
      .filter((r) => r.violation !== undefined)
      .map((r) => checkName(r.check, r.link)),
  }
}

export function scoreText(peer: string, { kept, of }: Score): string {
  return `${peer}: MUST ${kept.MUST}/${of.MUST}, SHOULD ${kept.SHOULD}/${of.SHOULD}`
}

/** A line a section: what is kept of what is asked for. */
export function sectionTable(results: readonly Result[]): string[] {
  const sections = [...new Set(results.map((each) => each.check.section))].toSorted(bySection)
  const lines = sections.map((section) => {
    const { kept, of } = score(results.filter((each) => each.check.section === section))
    const cell = (level: Check['level']) =>
      of[level] === 0 ? '' : `${kept[level]}/${of[level]}${kept[level] < of[level] ? ' !' : ''}`
    return `${section.padEnd(10)} ${cell('MUST').padEnd(9)} ${cell('SHOULD')}`.trimEnd()
  })
  return ['SECTION    MUST      SHOULD', ...lines]
}

/** RFC 6762 first, then RFC 6763, each in the order of its numbers. */
function bySection(a: string, b: string): number {
  const numbers = (section: string) =>
    [
      section.includes(':') ? 1 : 0,
      ...section.replace(/^.*:/, '').split('.').map(Number),
    ] as number[]
  const [x, y] = [numbers(a), numbers(b)]
  const at = x.findIndex((value, i) => value !== (y[i] ?? -1))
  return at < 0 ? x.length - y.length : (x[at] ?? 0) - (y[at] ?? -1)
}
