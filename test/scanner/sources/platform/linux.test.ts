import t from 'tap'
import { parseEchoReply, parseNeighbours } from '../../../../scanner/sources/platform/linux.ts'

t.test('the source of an echo reply, as ping prints it, without zone', (t) => {
  for (const [line, expected] of [
    ['64 bytes from fe80::1%eno1: icmp_seq=1 ttl=64 time=0.1 ms', 'fe80::1'],
    ['64 bytes from FE80:0::1%br-lan: icmp_seq=12 ttl=64 time=0.1 ms (DUP!)', 'fe80::1'],
    ['64 bytes from 2001:db8::1: icmp_seq=1 ttl=64 time=0.1 ms', '2001:db8::1'],
    ['PING ff02::1%eno1 (ff02::1%eno1) 56 data bytes', undefined],
    ['From fe80::1%eno1 icmp_seq=1 Destination unreachable: Address unreachable', undefined],
    ['64 bytes from nixos (fe80::1%eno1): icmp_seq=1 ttl=64', undefined],
    ['64 bytes from fe80::1::2: icmp_seq=1', undefined],
    [' 64 bytes from fe80::1: icmp_seq=1', undefined],
    ['', undefined],
  ] as const)
    t.equal(parseEchoReply(line), expected, line)
  t.end()
})

const entry = {
  dst: 'fe80::5054:ff:fe12:3456',
  dev: 'eno1',
  lladdr: '52:54:00:12:34:56',
  state: ['REACHABLE'],
}
const parsed = (over: object) => parseNeighbours(JSON.stringify([{ ...entry, ...over }]))

t.test('entries with a MAC that may be right are taken, of both families', (t) => {
  const expected = { address: entry.dst, mac: entry.lladdr, link: 'eno1' }
  for (const state of ['REACHABLE', 'STALE', 'DELAY', 'PROBE', 'PERMANENT'])
    t.same(parsed({ state: [state], router: null }), [expected], state)
  t.same(parsed({ dst: '192.0.2.7', state: undefined }), [{ ...expected, address: '192.0.2.7' }])
  t.same(parsed({ dst: 'FE80:0::1', lladdr: '52:54:00:AA:BB:CC' }), [
    { ...expected, address: 'fe80::1', mac: '52:54:00:aa:bb:cc' },
  ])
  t.end()
})

t.test('entries that failed, or lack something, are left out; an empty table is one', (t) => {
  for (const over of [
    ...['FAILED', 'INCOMPLETE', 'NONE'].map((state) => ({ state: [state] })),
    { lladdr: undefined },
    { lladdr: '00:00:00:00:00:00' },
    { lladdr: '33:33:00:00:00:01' },
    { dst: undefined },
    { dst: 'nonsense' },
    { dev: undefined },
  ])
    t.same(parsed(over), [], JSON.stringify(over))
  t.same(parseNeighbours(''), [])
  t.same(parseNeighbours('[]'), [])
  t.end()
})
