import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { configBlock } from '../../../scanner/ssh/config-block.ts'

/** How ssh reads the block for a name: its settings, by lower-case keyword. */
function asRead(t: Test, block: string, name: string) {
  const file = join(t.testdir({ config: block }), 'config')
  const said = execFileSync('ssh', ['-T', '-G', '-F', file, name], { encoding: 'utf8', input: '' })
  return new Map(
    said.split('\n').map((line) => {
      const at = line.indexOf(' ')
      return [line.slice(0, at), line.slice(at + 1)] as const
    }),
  )
}

t.test('the block as ssh reads it', (t) => {
  const read = asRead(t, configBlock({ words: ['scanner'] }), 'NixOS.installer')
  t.match(Object.fromEntries(read), {
    user: 'nixos',
    proxycommand: 'scanner proxy %n %p',
    knownhostscommand: '/usr/bin/env scanner known-hosts %n %H %t %K',
    userknownhostsfile: 'none',
    globalknownhostsfile: '/dev/null',
    stricthostkeychecking: 'true',
    updatehostkeys: 'false',
    verifyhostkeydns: 'false',
  })
  const other = asRead(t, configBlock({ words: ['scanner'] }), 'example.org')
  for (const key of ['proxycommand', 'knownhostscommand']) t.notOk(other.has(key), 'no other host')
  t.end()
})

t.test('a program whose path has anything in it', (t) => {
  for (const path of [
    '/a b/node',
    "/it's/node",
    '/100%/node',
    '/a"b\\c/node',
    '/$(x)/node',
    '/ü/node',
  ]) {
    const read = asRead(t, configBlock({ words: [path, '/x/main.js'] }), 'a.installer')
    const [command = ''] = read.get('proxycommand')?.split(' proxy ') ?? []
    const shell = ['-c', `printf '%s\n' ${command.replaceAll('%%', '%')}`]
    t.same(execFileSync('sh', shell, { encoding: 'utf8' }).split('\n').slice(0, 2), [
      path,
      '/x/main.js',
    ])
    t.match(read.get('knownhostscommand'), /^"?\/.*main\.js known-hosts %n %H %t %K$/)
  }
  t.end()
})

t.test('a name that a shell would read gets no command', (t) => {
  const [, patterns = ''] = /^Host (.*)$/m.exec(configBlock({ words: ['scanner'] })) ?? []
  const words = patterns.match(/"(?:\\.|[^"])*"|\S+/g) ?? []
  const [wanted, ...excluded] = words.map((word) =>
    word.replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1'),
  )
  t.equal(wanted, '*.installer')
  for (const name of [
    '$(x)',
    '`x`',
    'a;b',
    'a|b',
    'a&b',
    "a'b",
    'a"b',
    'a b',
    'a>b',
    '{a,b}',
    '\\a',
  ])
    t.ok(
      excluded.some((pattern) => {
        const [, character = ''] = /^!\*(.)\*$/s.exec(pattern) ?? []
        return character !== '' && name.includes(character)
      }),
      name,
    )
  t.end()
})
