import { fileURLToPath } from 'node:url'
import { runCommand } from '../../common/command.ts'
import { spread, type Topic } from './measure.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const megabyte = 1_000_000

interface Packed {
  size: number
  unpackedSize: number
}

/** What `npm pack` makes: all that the programs need, but for Node. */
export const size: Topic = {
  name: 'size',
  needs: ['npm'],
  async *measure() {
    const words = ['pack', '--dry-run', '--json', '--ignore-scripts', root]
    const { status, stdout, stderr } = await runCommand('npm', words)
    if (status !== 0) throw new Error(stderr)
    const [packed] = JSON.parse(stdout) as Packed[]
    if (!packed) throw new Error('npm has packed nothing')
    const megabytes = (bytes: number) => ({ unit: 'MB', ours: spread([bytes / megabyte]) })
    yield { what: 'the package, as it is downloaded', ...megabytes(packed.size) }
    yield { what: 'the package, unpacked', ...megabytes(packed.unpackedSize) }
  },
}
