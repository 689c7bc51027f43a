/** What a topic of the benchmark measures, and how: pure but for the clock. */

export interface Spread {
  min: number
  median: number
  max: number
}

/** A bound on the ratio to the peer, or on the figure itself where there is no peer. */
export type Target = { most: number } | { least: number }

/** One line of the table. */
export interface Row {
  what: string
  unit: string
  ours: Spread
  /** What it is measured beside, in the same run; undefined where the figure stands for itself. */
  peer?: { name: string; spread: Spread } | undefined
  target?: Target | undefined
  /** What else came out, such as how many were found. */
  note?: string | undefined
}

/** A part of the benchmark. */
export interface Topic {
  name: string
  /** Commands without which it is left out. */
  needs: readonly string[]
  /** `runs`: how often each side is measured. */
  measure(runs: number): AsyncIterable<Row>
}

/** One measurement: gives the figure. */
export type Side = () => Promise<number>

/**
 * Measures all sides in turn, so often, so that what else the machine does hits all alike. Before
 * that each goes once for nothing: files are in the kernel's cache then.
 */
export async function inTurn<Name extends string>(
  sides: Record<Name, Side>,
  runs: number,
): Promise<Record<Name, number[]>> {
  const entries = Object.entries<Side>(sides) as [Name, Side][]
  const figures = Object.fromEntries(entries.map(([name]) => [name, []])) as unknown as Record<
    Name,
    number[]
  >
  for (let run = -1; run < runs; run++)
    for (const [name, side] of entries) {
      const figure = await side()
      if (run >= 0) figures[name].push(figure)
    }
  return figures
}

export function spread(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  return { min: at(0), median: at(sorted.length >> 1), max: at(sorted.length - 1) }
}

/** What is compared with the target: the ratio of the medians, or the median itself. */
export function figureOf({ ours, peer }: Pick<Row, 'ours' | 'peer'>): number {
  return peer ? ours.median / peer.spread.median : ours.median
}

export function isMet(row: Row): boolean | undefined {
  if (row.target === undefined) return undefined
  const figure = figureOf(row)
  return 'most' in row.target ? figure <= row.target.most : figure >= row.target.least
}

/** How long something takes, in milliseconds. */
export async function elapsed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await action()
  return performance.now() - began
}
