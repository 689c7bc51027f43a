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
