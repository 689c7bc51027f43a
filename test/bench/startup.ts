import { bareNode, scanner, timeToExit } from './commands.ts'
import { inTurn, spread, type Topic } from './measure.ts'

/** What it costs to start, before anything is asked of the network. */
export const startup: Topic = {
  name: 'startup',
  needs: [],
  async *measure(runs) {
    const words = { '--version': ['--version'], 'find --help': ['find', '--help'] }
    for (const [what, args] of Object.entries(words)) {
      const { ours, node } = await inTurn(
        {
          node: () => timeToExit(bareNode),
          ours: () => timeToExit([...scanner, ...args]),
        },
        2 * runs,
      )
      const peer = { name: 'node -e 0', spread: spread(node) }
      yield { what: `scanner ${what}`, unit: 'ms', ours: spread(ours), peer, target: { most: 1.3 } }
    }
  },
}
