import t from 'tap'
import { parseNeighbourChange } from '../../../scanner/watch/link-changes.ts'

// As `ip -o monitor label link address neigh` of iproute2 6.1 prints them.
t.test('what the kernel says of a neighbour', (t) => {
  const reachable = {
    link: 'op0',
    address: 'fe80::1',
    state: 'reachable',
    mac: '52:54:00:12:34:56',
  }
  const failed = { link: 'op0', address: 'fe80::1', state: 'failed', mac: undefined }
  for (const [line, expected] of [
    ['[NEIGH]fe80::1 dev op0 lladdr 52:54:00:12:34:56 REACHABLE', reachable],
    ['[NEIGH]fe80::1 dev op0 lladdr 52:54:00:12:34:56 router REACHABLE', reachable],
    [
      '[NEIGH]192.0.2.7 dev op0 lladdr 52:54:00:12:34:56 REACHABLE',
      { ...reachable, address: '192.0.2.7' },
    ],
    ['[NEIGH]fe80::1 dev op0 FAILED', failed],
    ['[NEIGH]fe80::1 dev op0  FAILED', failed],
    ['[NEIGH]fe80::1 dev op0 lladdr 52:54:00:12:34:56 STALE', undefined],
    ['[NEIGH]Deleted fe80::1 dev op0 lladdr 52:54:00:12:34:56 REACHABLE', undefined],
    ['[NEIGH]nonsense dev op0 FAILED', undefined],
    ['[LINK]2: op0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500', undefined],
    ['', undefined],
  ] as const)
    t.same(parseNeighbourChange(line), expected, line)
  t.end()
})
