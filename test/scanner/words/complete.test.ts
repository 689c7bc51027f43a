import t from 'tap'
import { complete } from '../../../scanner/words/complete.ts'
import { scannerWords } from '../../../scanner/words/definitions.ts'

const names = ['NixOS', 'nixos-1ae4b7']
const surroundings = { installers: () => names, interfaces: ['eno1', 'lo'] }

function texts(...typed: string[]): string[] | 'files' {
  const found = complete(scannerWords(), typed, surroundings)
  return found.kind === 'files' ? 'files' : found.candidates.map(({ text }) => text)
}

t.test('verbs, and verbs of verbs', (t) => {
  t.ok(texts('').includes('find'))
  t.same(texts('fi'), ['find'])
  t.same(texts('trust', 'l'), ['list'])
  t.same(texts('trust', 'ca', 'a'), ['add'])
  t.same(texts('xyzzy', ''), [], 'no verb has words after a wrong one')
  t.end()
})

t.test('options of the verb, and those of all', (t) => {
  t.same(texts('find', '--n'), ['--ndjson'])
  t.same(texts('find', '--he'), ['--help'])
  t.same(texts('find', 'NixOS', '--tim'), ['--timeout'])
  t.ok(!texts('trust', 'list', '--').includes('--timeout'))
  t.ok(texts('find', '-').includes('--interface'))
  t.end()
})

t.test('values: choices, links, files', (t) => {
  t.same(texts('find', '--source', 's'), ['service', 'static', 'ssh'])
  t.same(texts('find', '--source=se'), ['--source=service'])
  t.same(texts('find', '--source', '=', 'se'), ['service'], 'as bash cuts it')
  t.same(texts('find', '--source', '='), ['mdns', 'service', 'neighbour', 'static', 'ssh'])
  t.same(texts('find', '-i', 'e'), ['eno1'], 'by the short form as well')
  t.same(texts('find', '--timeout', ''), [], 'anything may stand there')
  t.same(texts('trust', 'ca', 'init', '--folder', ''), 'files')
  t.same(texts('completion', ''), ['bash', 'zsh', 'fish'])
  t.end()
})

t.test('names of installers where a machine is meant', (t) => {
  for (const verb of ['find', 'ssh', 'target', 'wait', 'proxy'])
    t.same(texts(verb, ''), names, verb)
  t.same(texts('ssh', '--verbose', 'N'), ['NixOS'])
  t.same(texts('wait', '--for', 'gone', 'nix'), ['nixos-1ae4b7'])
  t.same(texts('ssh', 'NixOS', ''), [], 'a command there is none of ours')
  t.same(texts('ssh', 'NixOS', '--', ''), [])
  t.same(texts('trust', 'import', 'NixOS', ''), 'files')
  t.end()
})

t.test('names are asked for only where one may come next: the link is looked at then', (t) => {
  const installers = () => {
    throw new Error('asked for')
  }
  for (const typed of [
    ['s'],
    ['ssh', '--'],
    ['find', '--source', ''],
    ['trust', ''],
    ['ssh', 'a', ''],
  ])
    t.match(complete(scannerWords(), typed, { installers, interfaces: [] }), { kind: 'words' })
  t.end()
})

t.test('no word is given that a shell does not take as it is', (t) => {
  const installers = ['$(id)', '`id`', 'a b', 'a;b', "a'b", 'a\nb', 'a\tb', '*', '~', 'ä', 'ok']
  const found = complete(scannerWords(), ['ssh', ''], {
    installers: () => installers,
    interfaces: [],
  })
  t.match(found, { candidates: [{ text: 'ok' }] })
  t.equal(found.kind === 'words' && found.candidates.length, 1)
  t.end()
})
