import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CommandResult, runCommand } from '../../common/command.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import { canary } from '../fakes/injections.ts'
import { unprintable } from '../fakes/terminal.ts'
import { addressesSettled, type Lab, makeLab, plug, scannerProgram, skipWithout } from './lab.ts'

/** What is typed, or comes out of a script's variable, in the place of a NAME or of a value. */

const skip = skipWithout('ip', 'ping', 'ssh-keygen')

const typed: Record<string, string> = {
  'an option of ssh': `-oProxyCommand=touch ${canary}`,
  'the end of the options': '--',
  nothing: '',
  '10 KB': 'x'.repeat(10_240),
  'two words': `a -oProxyCommand=touch$IFS${canary}`,
  'a substitution': `$(touch ${canary})`,
  'an old substitution': `\`touch ${canary}\``,
  'a list of commands': `x; touch ${canary} | cat`,
  'percent signs': '%n%h%p',
  'a path': `../..${canary}`,
  'an absolute path': canary,
  'a move of the cursor': '\x1b[2J\x1b]0;owned\x07',
  'a C1 control': 'a\u009b31m',
  'right to left': '\u202etxt.exe',
  'no width': 'Nix\u200bOS\u{e0041}',
  'two lines': 'NixOS\nscanner: all is well',
  'a return': 'NixOS\rscanner: all is well',
  'a look-alike': 'Nix\u041eS',
  'a pattern': '*',
  'no name': 'root@',
  'a zone': `fe80::1%$(touch ${canary})`,
  quotes: `'"\\`,
  'a property': '__proto__',
  'a hyphen': '-',
}

const brief = ['--timeout', '300ms']
/** Where a NAME stands. */
const named: Record<string, (word: string) => string[]> = {
  find: (word) => ['find', ...brief, word],
  'find --json': (word) => ['find', '--json', ...brief, word],
  wait: (word) => ['wait', '--for', 'ssh', ...brief, word],
  ssh: (word) => ['ssh', ...brief, word],
  'ssh after --': (word) => ['ssh', ...brief, '--', word],
  'ssh --print': (word) => ['ssh', ...brief, '--print', word, '--', 'id'],
  target: (word) => ['target', ...brief, '--for', 'ansible', word],
  'target, alias': (word) => ['target', ...brief, `${word}.installer`],
  proxy: (word) => ['proxy', ...brief, word, '22'],
  'plain proxy': (word) => ['proxy', word, '22'],
  'known-hosts': (word) => ['known-hosts', word, 'h', 'NONE', 'NONE'],
  'trust show': (word) => ['trust', 'show', word],
  'trust forget': (word) => ['trust', 'forget', word],
  'trust import': (word) => ['trust', 'import', word, 'key.pub'],
}
/** Where a value stands. */
const valued: Record<string, (word: string) => string[]> = {
  '--interface': (word) => ['find', ...brief, '--interface', word],
  '--source': (word) => ['find', ...brief, '--source', word],
  '--timeout': (word) => ['find', '--timeout', word],
  '--for': (word) => ['target', 'x', ...brief, '--for', word],
  '--fingerprint': (word) => ['ssh', 'x', ...brief, '--fingerprint', word],
  port: (word) => ['proxy', 'x', word],
  'HOST of known-hosts': (word) => ['known-hosts', 'x', word, 'NONE', 'NONE'],
  verb: (word) => [word],
}

/** Each word meets every fifth place, and each place every fifth word. */
const share = 5
/** A sentence, what to do, and of a verb its help; but not all that was typed. */
const longestComplaint = 4000

interface Trial {
  title: string
  args: string[]
  isNamed: boolean
}

function trials(places: typeof named, isNamed: boolean): Trial[] {
  return Object.entries(typed).flatMap(([what, word], at) =>
    Object.entries(places).flatMap(([place, form], index) =>
      (at + index) % share === 0
        ? [{ title: `${what} in ${place}`, args: form(word), isNamed }]
        : [],
    ),
  )
}

const all = [...trials(named, true), ...trials(valued, false)]

async function makeDesk(t: Test): Promise<{ lab: Lab; home: string; run: Run }> {
  const lab = await makeLab(t)
  await plug(t, lab)
  await addressesSettled(lab.operator)
  const home = await lab.newFolder('home')
  const [first = '', ...rest] = [...lab.operator.enter, 'env', '-C', home, `HOME=${home}`]
  const variables = [`XDG_STATE_HOME=${home}`, `XDG_RUNTIME_DIR=${home}`]
  const run = (args: readonly string[]) =>
    runCommand(first, [...rest, ...variables, process.execPath, scannerProgram, ...args])
  return { lab, home, run }
}
type Run = (args: readonly string[]) => Promise<CommandResult>

/** A public key, in base64, that says that it is of that type. */
function keyOf(type: string): string {
  const bytes = Buffer.from(type, 'latin1')
  const length = Buffer.from([0, 0, 0, bytes.length])
  return Buffer.concat([length, bytes, Buffer.from([0, 0, 0, 1, 7])]).toString('base64')
}

t.test(
  'what is typed is a name that nobody has, or wrong',
  { skip, timeout: 120_000 },
  async (t) => {
    const { lab, home, run } = await makeDesk(t)
    t.comment(`${all.length} command lines`)
    await writeFile(join(home, 'key.pub'), `ssh-ed25519 ${keyOf('ssh-ed25519')}\n`)
    const before = await runInside(lab.operator, 'ls', ['-A', '/run'])
    const waiting = [...all]
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const { title, args, isNamed } = next
        const { status, stdout, stderr } = await run(args)
        t.ok(status === 2 || status === 3, `${title}: ${status} ${stderr}`)
        for (const said of [stdout, stderr]) t.notMatch(said, unprintable, title)
        t.match(stderr, /^scanner: \S/m, `${title}: a sentence`)
        t.notMatch(stderr, /\n +at |unexpected error/, title)
        if (isNamed) t.notMatch(stderr, /^scanner: all is well/m, `${title}: no line of its own`)
        if (isNamed) t.ok(stderr.length < longestComplaint, `${title}: ${stderr.length} characters`)
      }
    }
    await Promise.all([worker(), worker(), worker(), worker()])

    const types = ['ssh-\x1b[2J', 'ssh-\x9b31m', `x${'y'.repeat(64)}`, '@revoked,a']
    await writeFile(
      join(home, 'bad.pub'),
      types.map((type) => `${type} ${keyOf(type)}\n`).join(''),
      'latin1',
    )
    const imported = await run(['trust', 'import', '525400fffe123456', 'bad.pub'])
    t.equal(imported.status, 1, 'types of keys that are no names')
    t.notMatch(imported.stderr, unprintable)

    t.equal(await runInside(lab.operator, 'ls', ['-A', '/run']), before, `nobody made ${canary}`)
    t.same((await readdir(home, { recursive: true })).sort(), [
      '.cache',
      '.cache/installer-discovery',
      '.cache/installer-discovery/names.json',
      'bad.pub',
      'installer-discovery',
      'key.pub',
    ])
  },
)
