/**
 * The candidate that was most likely meant by another word; undefined when none is
 * near: two letters of six may be wrong, or have changed places.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(word.length / 3))
  const near = candidates
    .map((text) => ({ text, away: distance(word.toLowerCase(), text.toLowerCase()) }))
    .filter(({ away }) => away > 0 && away <= most)
  return near.sort((a, b) => a.away - b.away)[0]?.text
}

/** Letters to add, take away, replace or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      const ways = [(last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost]
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) ways.push((beforeLast[j - 2] ?? Number.POSITIVE_INFINITY) + 1)
      row.push(Math.min(...ways))
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
