import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CommandResult, runCommand } from '../../../common/command.ts'
import { isInstalled, scannerProgram } from '../../netns/lab.ts'

const skip = !isInstalled('ssh-keygen') && 'not installed: ssh-keygen'

/** The scanner with a state folder of the test's own, which already has a key in its known_hosts. */
function setUp(t: Test) {
  const home = t.testdir()
  const state = join(home, 'installer-discovery')
  const knownHosts = join(state, 'known_hosts')
  mkdirSync(state)
  const earlier = '# a comment \xff\ninstaller-1 nonsense'
  writeFileSync(knownHosts, earlier, 'latin1')
  chmodSync(knownHosts, 0o644)
  const ca = (...words: string[]): Promise<CommandResult> => {
    const own = ['-u', 'NODE_OPTIONS', `XDG_STATE_HOME=${home}`, process.execPath, scannerProgram]
    return runCommand('env', [...own, 'trust', 'ca', ...words])
  }
  return { ca, home, state, earlier, known: () => readFileSync(knownHosts, 'latin1'), knownHosts }
}

t.test(
  'init makes a pair, trusts it for installers only, and says what is next',
  { skip },
  async (t) => {
    const { ca, state, known, knownHosts, earlier } = setUp(t)
    const made = await ca('init')
    t.equal(made.status, 0, made.stderr)
    const path = join(state, 'ca', 'installer_ca')
    const publicHalf = readFileSync(`${path}.pub`, 'utf8')
    t.equal(made.stdout, publicHalf, 'data only')
    t.equal(known(), `${earlier}\n@cert-authority installer-* ${publicHalf}`)
    t.equal(statSync(path).mode & 0o777, 0o600)
    t.equal(statSync(join(state, 'ca')).mode & 0o777, 0o700)
    t.equal(statSync(knownHosts).mode & 0o777, 0o600)
    const fingerprint = execFileSync('ssh-keygen', ['-lf', path], { encoding: 'utf8' }).split(
      ' ',
    )[1]
    for (const said of [path, '/etc/credstore/installer-agent.ca-key', `${fingerprint}`])
      t.match(made.stderr, said)

    const before = readFileSync(path, 'utf8')
    const again = await ca('init')
    t.equal(again.status, 1)
    t.match(again.stderr, /is there already, and is not overwritten\n.*trust ca add/)
    t.equal(readFileSync(path, 'utf8'), before)
    const shown = await ca('show')
    t.equal(shown.stdout, publicHalf)
    t.equal(shown.stderr.trim(), fingerprint)
  },
)

t.test('a public half that lies there alone is not overwritten either', { skip }, async (t) => {
  const { ca, home } = setUp(t)
  writeFileSync(join(home, 'installer_ca.pub'), 'mine')
  t.equal((await ca('init', '--folder', home)).status, 1)
  t.equal(readFileSync(join(home, 'installer_ca.pub'), 'utf8'), 'mine')
})

t.test('add is idempotent, remove undoes it to the byte', { skip }, async (t) => {
  const { ca, home, known, earlier } = setUp(t)
  for (const [name, comment] of [
    ['a', 'one \x1b[31m'],
    ['b', ''],
  ] as const)
    execFileSync('ssh-keygen', [
      '-q',
      '-t',
      'ed25519',
      '-N',
      '',
      '-C',
      comment,
      '-f',
      join(home, name),
    ])
  for (const name of ['a', 'a', 'b'])
    t.equal((await ca('add', join(home, `${name}.pub`))).status, 0)
  t.equal(known().split('\n').length, 5)
  t.notMatch(known(), '\x1b', 'a comment is shown on terminals')

  const several = await ca('remove')
  t.equal(several.status, 4)
  const fingerprints = [...several.stderr.matchAll(/SHA256:\S+/g)].map(([found]) => found)
  t.equal(fingerprints.length, 2)
  t.equal((await ca('remove', 'SHA256:none')).status, 3)
  t.equal((await ca('remove', fingerprints[0] ?? '')).status, 0)
  t.equal((await ca('remove')).status, 0, 'the only one needs no name')
  t.equal(known(), `${earlier}\n`)
  for (const words of [['show'], ['remove']]) t.equal((await ca(...words)).status, 3)
})

t.test('what is no public key is refused with a sentence', { skip }, async (t) => {
  const { ca, home, known, earlier } = setUp(t)
  const path = join(home, 'key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path])
  execFileSync('ssh-keygen', ['-q', '-s', path, '-h', '-I', 'x', '-n', 'y', `${path}.pub`])
  const publicHalf = readFileSync(`${path}.pub`, 'utf8')
  writeFileSync(join(home, 'two'), publicHalf.repeat(2))
  writeFileSync(join(home, 'marked'), `@cert-authority * ${publicHalf}`)
  const cases: [string, RegExp][] = [
    [path, /is a private key/],
    [`${path}-cert.pub`, /expected one public key/],
    [join(home, 'two'), /expected one public key/],
    [join(home, 'marked'), /expected one public key/],
    [join(home, 'nowhere'), /cannot read .*nowhere/],
  ]
  for (const [file, complaint] of cases) {
    const { status, stderr } = await ca('add', file)
    t.equal(status, 1)
    t.match(stderr, complaint)
  }
  t.equal(known(), earlier)
})

t.test('two at once: none is lost', { skip }, async (t) => {
  const { ca, home, known } = setUp(t)
  const folders = Array.from({ length: 6 }, (_, index) => join(home, `ca${index}`))
  const ended = await Promise.all(folders.map((folder) => ca('init', '--folder', folder)))
  t.same(
    ended.map(({ status }) => status),
    folders.map(() => 0),
  )
  t.equal(known().match(/^@cert-authority/gm)?.length, folders.length)
})
