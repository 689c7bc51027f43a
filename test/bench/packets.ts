import { createNamespace } from '../../scanner/demo/namespace.ts'
import { countTraffic, simulate } from '../netns/simulated.ts'
import { scanner, time, wordsIn } from './commands.ts'
import { spread, type Topic } from './measure.ts'

const installers = 100

/** What the operator's machine sends during one look, its kernel included, counted on the wire. */
export const packets: Topic = {
  name: 'packets',
  needs: ['ip', 'nft', 'python3'],
  async *measure(runs) {
    const sent: number[] = []
    for (let run = 0; run < Math.min(runs, 3); run++) {
      const operator = await createNamespace()
      try {
        await simulate(operator, installers)
        const traffic = await countTraffic(operator)
        await time(wordsIn(operator, [...scanner, 'find', '-i', 'op0']))
        sent.push((await traffic()).sent)
      } finally {
        operator.end()
      }
    }
    yield {
      what: `packets that the scanner's machine sends, ${installers} installers, a machine`,
      unit: 'packets',
      ours: spread(sent.map((each) => each / installers)),
      target: { most: 2.5 },
    }
  },
}
