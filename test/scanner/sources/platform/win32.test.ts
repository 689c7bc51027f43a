import t from 'tap'
import {
  parseEchoReply,
  parseNetNeighbor,
  parseNetsh,
  win32,
} from '../../../../scanner/sources/platform/win32.ts'

// Made from Microsoft's reference of Get-NetNeighbor (class MSFT_NetNeighbor) and of netsh's contexts.
const neighbours = [
  {
    InterfaceIndex: 12,
    IPAddress: 'fe80::5054:ff:fe12:3456',
    LinkLayerAddress: '52-54-00-12-34-56',
    State: 5,
  },
  {
    InterfaceIndex: 12,
    IPAddress: 'fe80::2%12',
    LinkLayerAddress: '52-54-00-00-00-02',
    State: 'Stale',
  },
  { InterfaceIndex: 12, IPAddress: '192.0.2.7', LinkLayerAddress: '52-54-00-12-34-56', State: 4 },
  { InterfaceIndex: 12, IPAddress: '192.0.2.8', LinkLayerAddress: '00-00-00-00-00-00', State: 0 },
  {
    InterfaceIndex: 12,
    IPAddress: 'fe80::3',
    LinkLayerAddress: '52-54-00-00-00-03',
    State: 'Incomplete',
  },
  { InterfaceIndex: 12, IPAddress: 'ff02::1', LinkLayerAddress: '33-33-00-00-00-01', State: 6 },
  { InterfaceIndex: 1, IPAddress: 'ff02::c', LinkLayerAddress: '', State: 6 },
]
const expected = [
  { address: 'fe80::5054:ff:fe12:3456', mac: '52:54:00:12:34:56', link: '12' },
  { address: 'fe80::2', mac: '52:54:00:00:00:02', link: '12' },
  { address: '192.0.2.7', mac: '52:54:00:12:34:56', link: '12' },
]

/** In German: only numbers, addresses and the order of the columns may be relied on. */
const netsh = (interface_: string, state: string) =>
  [
    '',
    `${interface_} 12: Ethernet 2`,
    '',
    'Internetadresse                               Physische Adresse  Typ',
    '--------------------------------------------  -----------------  -----------',
    `fe80::5054:ff:fe12:3456                       52-54-00-12-34-56  ${state}`,
    'fe80::9                                       Unreachable        Unreachable',
    'ff02::1                                       33-33-00-00-00-01  Permanent',
    '',
    `${interface_} 7: Wi-Fi: 5 GHz`,
    '',
    'fe80::7                                       52-54-00-00-00-07  Abgelaufen (Router)',
  ].join('\r\n')

t.test('the neighbour table of Windows, with the interface’s index as zone', (t) => {
  t.same(parseNetNeighbor(JSON.stringify(neighbours)), expected)
  t.same(parseNetNeighbor(JSON.stringify(neighbours[0])), expected.slice(0, 1), 'one is no array')
  t.same(parseNetNeighbor('\r\n'), [])
  for (const output of [netsh('Interface', 'Reachable'), netsh('Schnittstelle', 'Erreichbar')])
    t.same(parseNetsh(output), [
      expected[0],
      { address: 'fe80::7', mac: '52:54:00:00:00:07', link: '7' },
    ])
  t.end()
})

t.test('echo replies, in any language', (t) => {
  for (const [line, address] of [
    ['Reply from fe80::5054:ff:fe12:3456%12: time<1ms ', 'fe80::5054:ff:fe12:3456'],
    ['Antwort von fe80::1%12: Zeit<1ms', 'fe80::1'],
    ['Réponse de fe80::1%12 : temps=3 ms', 'fe80::1'],
    ['Reply from 2001:db8::1: time=12ms', '2001:db8::1'],
    ['Reply from ff02::1%12: time<1ms', undefined],
    ['Pinging ff02::1%12 with 32 bytes of data:', undefined],
    ['Request timed out.', undefined],
    ['Reply from fe80::1%12: Destination host unreachable.', undefined],
    ['    Minimum = 0ms, Maximum = 0ms, Average = 0ms', undefined],
  ] as const)
    t.equal(parseEchoReply(line), address, line)
  t.match(win32.echoCommand('ff02::1', '12').args.at(-1), 'ff02::1%12')
  t.end()
})
