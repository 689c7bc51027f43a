import { runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import { type Pair, withInstaller } from './installer.ts'
import { type Row, spread, type Topic } from './measure.ts'
import { type Transfers, transferProgram } from './transfer.ts'

/** Bytes through `scanner proxy` beside a TCP connection of the same two machines. */
export const proxy: Topic = {
  name: 'proxy',
  needs: ['ip', 'ping', 'ssh-keygen', 'sshd', 'tc'],
  measure: (runs) => withInstaller((pair) => measure(pair, runs)),
}

async function* measure(pair: Pair, runs: number): AsyncGenerator<Row> {
  const { installer } = pair
  await untilSaid(installer.start([process.execPath, transferProgram, 'serve']), /listening/)
  yield await compare(pair, runs, '1 GB, by a link that is memory', 1_000_000_000)
  // tbf(8): what a card of 1 Gbit/s sends, with the buffer of a small switch.
  const shape = 'qdisc add dev in0 root tbf rate 1gbit burst 256kb latency 20ms'
  await runInside(installer, 'tc', shape.split(' '))
  yield await compare(pair, runs, '100 MB, by a link of 1 Gbit/s', 100_000_000)
}

async function compare(
  { operator, address }: Pair,
  runs: number,
  what: string,
  bytes: number,
): Promise<Row> {
  const words = [transferProgram, 'measure', address, String(runs), String(bytes)]
  const said = await runInside(operator, process.execPath, words)
  const { direct, proxied } = JSON.parse(said) as Transfers
  return {
    what: `scanner proxy, ${what}`,
    unit: 'MB/s',
    ours: spread(proxied),
    peer: { name: 'direct TCP', spread: spread(direct) },
    target: { least: 0.8 },
  }
}
