import { fileURLToPath } from 'node:url'
import { type Namespace, runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import { addressesSettled } from './lab.ts'

/** Many installers on the operator's link `op0`, by one program. */

// Not compiled: it lies beside the sources.
const program = fileURLToPath(new URL('../../../test/fakes/installers.py', import.meta.url))

export const idOf = (index: number) => `525400fffe01${index.toString(16).padStart(4, '0')}`

/** `delaysMs`: the least and the most before an mDNS answer, where it is not to be as the RFC says. */
export async function simulate(
  operator: Namespace,
  count: number,
  delaysMs: readonly number[] = [],
): Promise<void> {
  const words = [program, 'op0', count, ...delaysMs].map(String)
  await untilSaid(operator.start(['python3', ...words]), /^ready$/)
  // A cable takes as many packets as come: the queue before the program is no part of the test.
  await runInside(operator, 'ip', ['link', 'set', 'op0', 'txqueuelen', '16384', 'up'])
  await addressesSettled(operator)
}

const counters = `
table inet traffic {
  counter total { }
  counter sent { }
  counter answers { }
  chain seen {
    counter name total
    udp sport 5353 ip6 saddr fe80::5054:ff:fe01:0/112 counter name answers
  }
  chain input { type filter hook prerouting priority -500; iifname op0 jump seen; }
  chain output { type filter hook output priority -500; oifname op0 counter name sent jump seen; }
}`

export interface Traffic {
  /** Packets, both ways. */
  all: number
  /** Those from the operator. */
  sent: number
  /** mDNS answers of the installers. */
  answers: number
}

/** Counts what passes on the operator's link from now on, before a firewall there drops any of it; asked, gives the sum. */
export async function countTraffic(operator: Namespace): Promise<() => Promise<Traffic>> {
  await runInside(operator, 'nft', [counters])
  return async () => {
    const shown = await runInside(operator, 'nft', ['list', 'counters'])
    const packets = (name: string) =>
      Number(new RegExp(`counter ${name} {\\s*packets (\\d+)`).exec(shown)?.[1])
    return { all: packets('total'), sent: packets('sent'), answers: packets('answers') }
  }
}
