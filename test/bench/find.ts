import { createNamespace, type Namespace } from '../../scanner/demo/namespace.ts'
import { simulate } from '../netns/simulated.ts'
import { type Avahi, makeAvahi } from './avahi.ts'
import { bareNode, onTerminal, scanner, type Timing, time, wordsIn } from './commands.ts'
import { inTurn, type Row, spread, type Topic } from './measure.ts'

/** `scanner find` beside `avahi-browse -rpt _ssh._tcp` and `node -e 0`, for 1 to 1,000 simulated installers. */
export const find: Topic = {
  name: 'find',
  needs: ['ip', 'nft', 'python3', 'script', 'dbus-daemon', 'avahi-daemon', 'avahi-browse'],
  async *measure(runs) {
    yield* withInstallers(1, (operator, avahi) => firstRows(operator, avahi, runs))
    for (const count of [1, 10, 100, 1000])
      yield* withInstallers(count, (operator, avahi) => exits(operator, avahi, count, runs))
  },
}

const ours = [...scanner, 'find', '-i', 'op0']
const browse = ['avahi-browse', '-rpt', '_ssh._tcp']
const ourRow = /nixos-[0-9a-f]{6}/g
/** Resolved, with its address. */
const avahiRow = /^=.*;IPv6;(nixos-[0-9a-f]{6});/gm

async function* withInstallers(
  count: number,
  measure: (operator: Namespace, avahi: Avahi) => AsyncIterable<Row>,
): AsyncGenerator<Row> {
  const operator = await createNamespace()
  try {
    await simulate(operator, count)
    yield* measure(operator, await makeAvahi(operator))
  } finally {
    operator.end()
  }
}

async function* firstRows(operator: Namespace, avahi: Avahi, runs: number): AsyncGenerator<Row> {
  const first = async (command: readonly string[], row: RegExp) => {
    const { firstMs } = await time(wordsIn(operator, onTerminal(command)), new RegExp(row, 'm'))
    if (Number.isNaN(firstMs)) throw new Error(`no row from ${command.join(' ')}`)
    return firstMs
  }
  const figures = await inTurn(
    {
      node: async () => (await time(wordsIn(operator, onTerminal(bareNode)))).exitMs,
      ours: () => first(ours, ourRow),
      avahi: () => withDaemon(avahi, () => first(browse, avahiRow)),
    },
    runs,
  )
  const row = { what: 'scanner find, 1 installer, to the first row', unit: 'ms' }
  const sides = [
    { name: 'node -e 0', spread: spread(figures.node), most: 1.25 },
    { name: 'avahi-browse -rpt to its first row', spread: spread(figures.avahi), most: 0.6 },
  ]
  for (const { most, ...peer } of sides)
    yield { ...row, ours: spread(figures.ours), peer, target: { most } }
}

async function* exits(
  operator: Namespace,
  avahi: Avahi,
  count: number,
  runs: number,
): AsyncGenerator<Row> {
  const found: number[] = []
  const browsed: number[] = []
  const count_ = ({ said }: Timing, row: RegExp) => new Set(said.match(row)).size
  const figures = await inTurn(
    {
      ours: async () => {
        const timing = await time(wordsIn(operator, ours))
        found.push(count_(timing, ourRow))
        return timing.exitMs
      },
      avahi: () =>
        withDaemon(avahi, async () => {
          const timing = await time(wordsIn(operator, browse))
          browsed.push(count_(timing, avahiRow))
          return timing.exitMs
        }),
    },
    runs,
  )
  yield {
    what: `scanner find, ${count} installer${count === 1 ? '' : 's'}, to its exit`,
    unit: 'ms',
    ours: spread(figures.ours),
    peer: { name: 'avahi-browse -rpt to its exit', spread: spread(figures.avahi) },
    target: { most: count < 1000 ? 0.4 : 1 },
    note: `found ${range(found)} to ${range(browsed)}`,
  }
}

function range(figures: readonly number[]): string {
  const { min, max } = spread(figures)
  return min === max ? `${min}` : `${min}-${max}`
}

async function withDaemon(avahi: Avahi, measure: () => Promise<number>): Promise<number> {
  const stop = await avahi.start()
  try {
    return await measure()
  } finally {
    await stop()
  }
}
