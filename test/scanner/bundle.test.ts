import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { type CommandResult, runCommand } from '../../common/command.ts'
import { version } from '../../common/contract.ts'
import { helpAfter } from '../../scanner/command-line.ts'

/** The bundles (.ci/bundle.mjs) in a folder from which no node_modules are in reach. */
function install(t: Test): string {
  const folder = t.testdir()
  cpSync(fileURLToPath(new URL('../../bundle', import.meta.url)), folder, { recursive: true })
  return folder
}

/** Without tap's hooks, which are for the tests. */
function run(folder: string, program: string, ...words: string[]): Promise<CommandResult> {
  const environment = ['-u', 'NODE_OPTIONS', `XDG_STATE_HOME=${folder}`, `XDG_CACHE_HOME=${folder}`]
  const path = join(folder, program, 'main.js')
  return runCommand('env', [...environment, process.execPath, path, ...words])
}

t.test('scanner: every verb is there, and says what yargs would', async (t) => {
  const folder = install(t)
  const scanner = (...words: string[]) => run(folder, 'scanner', ...words)
  t.same(await scanner('--version'), { status: 0, stdout: `${version}\n`, stderr: '' })
  const help = JSON.parse(readFileSync(join(folder, 'scanner/help.json'), 'utf8'))
  const verbs = [
    '',
    'find',
    'wait',
    'ssh',
    'target',
    'ssh-config',
    'proxy',
    'demo',
    'trust ca init',
  ]
  for (const verb of verbs) {
    const words = verb.split(' ').filter(Boolean)
    t.equal(help[verb], await helpAfter(words), verb)
  }
  t.same(await scanner('find', '--help'), { status: 0, stdout: `${help.find}\n`, stderr: '' })
  const failures: [string[], number, RegExp][] = [
    [['find', '-i', 'no-such-link'], 2, /no interface 'no-such-link'/],
    [['find', '-v', '-i', 'no-such-link'], 2, /no interface 'no-such-link'/],
    [['find', '--watch', '--json'], 2, /do not go together/],
    [['wait', 'x', '--for', 'ssh', '--timeout', 'soon'], 2, /expected a duration/],
    [['find', '--wait', '--timeout', 'soon'], 2, /expected a duration/],
    [['ssh', 'x', '--interface', 'no-such-link'], 2, /no-such-link/],
    [['target', 'x', '-i', 'no-such-link'], 2, /no-such-link/],
    [['proxy', 'x', '22', '-i', 'no-such-link'], 2, /no-such-link/],
    [['proxy', 'x', 'no-port'], 2, /expected a port/],
    [['known-hosts', 'x'], 2, /NAME HOST TYPE KEY/],
    [['no-such-verb'], 2, /no-such-verb/],
  ]
  for (const [words, status, said] of failures) {
    const result = await scanner(...words)
    t.equal(result.status, status, words.join(' '))
    t.match(result.stderr, said)
    t.notMatch(result.stderr, /Warning|fault of ours/)
  }
  t.match(await scanner('ssh-config'), { status: 0, stdout: /ProxyCommand/ })
  t.match(await scanner('trust', 'list'), { status: 3 })
})

t.test('installer-agent, too', async (t) => {
  const folder = install(t)
  t.match(await run(folder, 'agent', '--version'), { status: 0, stdout: version, stderr: '' })
  const socket = join(folder, 'none')
  t.match(await run(folder, 'agent', 'status', '--status-socket', socket), { stderr: socket })
})

t.test('and the library, ssh2 and the log', async (t) => {
  const folder = install(t)
  const load = async (path: string) => import(pathToFileURL(join(folder, path)).href)
  t.match(await load('scanner/index.js'), { discover: Function, Failure: Function })
  t.match(await load('packages/ssh2.js'), { default: { Client: Function } })
  t.match(await load('packages/pino.js'), { default: Function })
})

/** A start that loads parts of the program, with `base` for caches. */
function start(folder: string, base: string): Promise<CommandResult> {
  const environment = ['-u', 'NODE_OPTIONS', `XDG_CACHE_HOME=${base}`]
  const words = [process.execPath, join(folder, 'scanner/main.js'), 'find', '-i', 'no-such-link']
  return runCommand('env', [...environment, ...words])
}

/** The parts that are kept, as paths. */
function keptIn(base: string): string[] {
  const names = readdirSync(base, { recursive: true, encoding: 'utf8' }).sort()
  return names.filter((name) => name.endsWith('.js')).map((name) => join(base, name))
}

t.test('what V8 has compiled is kept where nobody else can write, and only there', async (t) => {
  const folder = install(t)
  for (const [name, mode, kept] of [
    ['own', 0o700, [/ask-ahead/, /find-line/]],
    ['shared', 0o777, []],
  ] as const) {
    const base = join(folder, name)
    mkdirSync(base)
    chmodSync(base, mode)
    t.equal((await start(folder, base)).status, 2)
    t.match(keptIn(base), kept, name)
    t.equal(readdirSync(base).length, Math.min(kept.length, 1), name)
  }
})

t.test('and it is used for exactly what it was made of', async (t) => {
  const folder = install(t)
  const base = join(folder, 'cache')
  mkdirSync(base)
  await start(folder, base)
  const written = () => keptIn(base).map((path) => statSync(path).mtimeMs)
  const before = written()
  await start(folder, base)
  t.same(written(), before, 'a second start writes nothing')
  const [, kept = ''] = keptIn(base)
  const whole = readFileSync(kept)
  for (const broken of [whole.subarray(0, whole.length / 2), Buffer.from(whole).fill(0, 1e5)]) {
    writeFileSync(kept, broken)
    t.match(
      await start(folder, base),
      { status: 2, stderr: 'no interface' },
      'what is not whole is not used',
    )
    t.notOk(readFileSync(kept).equals(broken), 'and is made anew')
  }
  // Of the same length, which is all that V8 itself looks at.
  const part = join(folder, 'scanner/find-line.js')
  const source = readFileSync(part, 'utf8')
  writeFileSync(part, source.replaceAll('no interface', 'nowhere here'))
  t.match(await start(folder, base), { status: 2, stderr: 'nowhere here' }, 'another version')
})

t.test('the terms of everything that is in it go along', (t) => {
  const licenses = readFileSync(join(install(t), 'THIRD-PARTY-LICENSES.txt'), 'utf8')
  for (const name of ['bonjour-service', 'dns-packet', 'ip6addr', 'multicast-dns', 'pino', 'ssh2'])
    t.match(licenses, new RegExp(`^${name} \\d`, 'm'))
  t.end()
})
