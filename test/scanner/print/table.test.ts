import t from 'tap'
import { formatTable } from '../../../scanner/print/table.ts'
import { fakeMachine } from '../../fakes/machine.ts'

// Names, systems and banners are checked where they are heard: hostLabelOf, decodeAdvertisement
// and cleanBanner let no control character, space or wide character through to a cell.

const bare = fakeMachine({
  name: null,
  agent: null,
  ssh: { reachable: false, banner: 'SSH-2.0-dropbear_2022.83 extra', hostKeys: [] },
  target: '192.0.2.8',
  sources: ['neighbour'],
  links: [{ interface: 'eno1', mac: null, eui64: null, addresses: [] }],
})
const shown = (width: number | undefined) => formatTable([fakeMachine(), bare], width).split('\n')

t.test('one aligned row a machine under a heading, nothing left out for a pipe', (t) => {
  t.same(shown(undefined), [
    'NAME   TARGET                        MAC                SSH  SYSTEM            FOUND BY',
    'NixOS  fe80::5054:ff:fe12:3456%eno1  52:54:00:12:34:56  yes  NixOS 26.05       mdns service neighbour static ssh',
    '-      192.0.2.8                     -                  -    dropbear_2022.83  neighbour',
    '',
  ])
  t.equal(formatTable([], undefined), 'NAME  TARGET  MAC  SSH  SYSTEM  FOUND BY\n')
  t.end()
})

t.test('a narrow terminal loses columns from the right, never the name or the target', (t) => {
  const longest = (width: number) => Math.max(...shown(width).map((line) => line.length))
  const titles = ['NAME', 'TARGET', 'MAC', 'SSH', 'SYSTEM', 'FOUND BY']
  const counts = Array.from({ length: 130 }, (_, width) => {
    const [head = '', row] = shown(width)
    const count = titles.filter((title) => head.includes(title)).length
    t.ok(count === 2 || longest(width) <= width, `${width} columns`)
    t.match(row, /^NixOS {2}fe80::5054:ff:fe12:3456%eno1/)
    return count
  })
  t.same([...new Set(counts)], [2, 3, 4, 5, 6], 'one after the other')
  t.same(shown(longest(1000)), shown(undefined), 'what just fits is shown')
  t.notSame(shown(longest(1000) - 1), shown(undefined))
  t.end()
})

t.test('of a machine on two links both cards are shown, the same card once', (t) => {
  const [link] = fakeMachine().links
  const table = (mac: string) =>
    link &&
    formatTable([fakeMachine({ links: [link, { ...link, interface: 'wlan0', mac }] })], undefined)
  t.match(table('52:54:00:00:00:01'), / 52:54:00:12:34:56,52:54:00:00:00:01 /)
  t.notMatch(table('52:54:00:12:34:56'), /,/)
  t.end()
})
