import { bareNode, scanner, timeToExit } from './commands.ts'
import { inTurn, spread, type Topic } from './measure.ts'

/** What it costs to start, before anything is asked of the network. */
export const startup: Topic = {
  name: 'startup',
  needs: [],
  async *measure(runs) {
    for (const [args, most] of [
      [['--version'], 1.3],
      [['find', '--help'], 1.3],
      // For each press of the Tab key.
      [['complete', '--', 'find', '--'], 3],
    ] as const) {
      const { ours, node } = await inTurn(
        {
          node: () => timeToExit(bareNode),
          ours: () => timeToExit([...scanner, ...args]),
        },
        2 * runs,
      )
      const peer = { name: 'node -e 0', spread: spread(node) }
      const what = `scanner ${args.join(' ')}`
      yield { what, unit: 'ms', ours: spread(ours), peer, target: { most } }
    }
  },
}
