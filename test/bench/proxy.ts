import { runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import { type Pair, withInstaller } from './installer.ts'
import { type Row, spread, type Topic } from './measure.ts'
import { type Transfers, transferProgram } from './transfer.ts'

/** 1 GB through `scanner proxy` beside a TCP connection of the same two machines. */
export const proxy: Topic = {
  name: 'proxy',
  needs: ['ip', 'ping', 'ssh-keygen', 'sshd'],
  measure: (runs) => withInstaller((pair) => measure(pair, runs)),
}

async function* measure({ operator, installer, address }: Pair, runs: number): AsyncGenerator<Row> {
  const node = process.execPath
  await untilSaid(installer.start([node, transferProgram, 'serve']), /listening/)
  const words = [transferProgram, 'measure', address, String(runs)]
  const { direct, proxied } = JSON.parse(await runInside(operator, node, words)) as Transfers
  yield {
    what: 'scanner proxy, 1 GB',
    unit: 'MB/s',
    ours: spread(proxied),
    peer: { name: 'direct TCP', spread: spread(direct) },
    target: { least: 0.8 },
  }
}
