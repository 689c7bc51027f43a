import t from 'tap'
import { readNeighbours } from '../../../scanner/sources/neighbour-table.ts'
import { platformOf } from '../../../scanner/sources/platform/here.ts'
import type { Platform, TableCommand } from '../../../scanner/sources/platform/platform.ts'

const { signal } = new AbortController()
const mac = '52:54:00:12:34:56'
const says = (link: string, script = `echo ${link}`): TableCommand => ({
  command: 'sh',
  args: ['-c', script],
  parse: (output) => [{ address: 'fe80::1', mac, link: output.trim() }],
})
const read = (...neighbourTables: TableCommand[][]): Promise<string[]> =>
  readNeighbours(signal, { ...platformOf('linux'), neighbourTables } satisfies Platform).then(
    (entries) => entries.map(({ link }) => link),
  )

t.test('the commands of one way add up; the next way is for when one of them fails', async (t) => {
  t.same(await read([says('a'), says('b')], [says('c')]), ['a', 'b'])
  t.same(await read([says('a'), says('b', 'exit 1')], [says('c')]), ['c'])
  await t.rejects(read([says('a', 'echo no >&2; exit 3')]), { message: /ended with status 3: no/ })
  const missing = { ...says('a'), command: 'no-such-command' }
  t.same(await read([missing], [says('b')]), ['b'])
  await t.rejects(read([missing], [says('b', 'exit 1')]), {
    message: /'no-such-command' was not found/,
  })
})

t.test('each system has its commands, an unknown one those of Linux', (t) => {
  const first = (name: NodeJS.Platform) =>
    platformOf(name).neighbourTables.map((way) => way.map(({ command }) => command))
  t.same(first('linux'), [['ip']])
  t.same(first('darwin'), [['ndp', 'arp']])
  t.same(first('win32'), [['powershell'], ['netsh', 'netsh']])
  t.equal(platformOf('freebsd'), platformOf('linux'))
  t.end()
})
