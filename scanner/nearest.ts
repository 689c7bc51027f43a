/** More letters wrong than these and another word was meant: one in three. */
const mostWrong = (word: string) => Math.max(1, Math.floor(word.length / 3))

/** The candidate that was most likely meant by a word, without regard to case; undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase()
  const far = candidates.map((each) => ({ each, wrong: distance(lower, each.toLowerCase()) }))
  const [best] = far
    .filter(({ wrong }) => wrong <= mostWrong(word))
    .sort((a, b) => a.wrong - b.wrong)
  return best?.each
}

/** Letters to add, leave out, change or swap with the next (Damerau's distance of adjacent swaps). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)]
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0
  for (let i = 1; i <= a.length; i++) {
    rows.push([i])
    for (let j = 1; j <= b.length; j++) {
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const least = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + Number(a[i - 1] !== b[j - 1]),
        isSwapped ? at(i - 2, j - 2) + 1 : Infinity,
      )
      rows[i]?.push(least)
    }
  }
  return at(a.length, b.length)
}
