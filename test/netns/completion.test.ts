import { spawnSync } from 'node:child_process'
import { on } from 'node:events'
import { mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type CommandResult, commandEnvironment } from '../../common/command.ts'
import type { Namespace } from '../../scanner/demo/namespace.ts'
import { completionScript, type Shell, shells } from '../../scanner/words/scripts.ts'
import {
  bootInstaller,
  isInstalled,
  machine,
  makeLab,
  runNode,
  scannerProgram,
  skipWithout,
} from './lab.ts'

/** The scripts in the shells that they are for. */

const skip = skipWithout('ip', 'ping')

/** How each shell is asked what it would offer after a line, without a terminal. */
const asking: Record<Shell, (script: string, words: readonly string[]) => string[]> = {
  bash: (script, words) => [
    'bash',
    '--norc',
    '-c',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash's
    'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _scanner_complete; printf "%s\\n" "${COMPREPLY[@]}"',
    script,
    ...words,
  ],
  // compadd is what the completion gives its words to.
  zsh: (script, words) => [
    'zsh',
    '-f',
    '-c',
    'compdef() {}; _files() { print -r files }; compadd() { print -rl -- $texts }; source "$0"; words=("$@"); CURRENT=$#; _scanner',
    script,
    ...words,
  ],
  fish: (script, words) => [
    'fish',
    '--no-config',
    '-c',
    'source $argv[1]; complete -C "$argv[2..]"',
    script,
    ...words,
  ],
}

interface Shells {
  environment: NodeJS.ProcessEnv
  cache: string
  /** What a shell offers; the words only. */
  offers(shell: Shell, ...words: string[]): string[]
}

function prepare(operator: Namespace, folder: string): Shells {
  const environment = { XDG_CACHE_HOME: folder, HOME: folder }
  for (const shell of shells)
    writeFileSync(join(folder, shell), completionScript(shell, [process.execPath, scannerProgram]))
  const offers = (shell: Shell, ...words: string[]) => {
    const command = asking[shell](join(folder, shell), words)
    const { stdout } = inside(operator, command, environment, folder)
    return stdout
      .split('\n')
      .map((line) => line.split('\t')[0] ?? '')
      .filter(Boolean)
  }
  return { environment, cache: join(folder, 'installer-discovery', 'names.json'), offers }
}

function inside(
  { enter }: Namespace,
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
  cwd: string,
): CommandResult {
  const [first = '', ...rest] = enter
  const { NODE_OPTIONS: _, ...env } = { ...commandEnvironment(), ...environment }
  // Whose work goes on in the background is not waited for: it has no hand on the outputs.
  const { status, stdout, stderr } = spawnSync(first, [...rest, ...command], {
    env,
    cwd,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

/** A shell that is not there is left out: the logic is the same, and bash always is. */
const installed = shells.filter(isInstalled)
const missing = shells.filter((shell) => !installed.includes(shell))
if (missing.length > 0) t.comment(`not installed: ${missing.join(', ')}`)

t.test('verbs, options, choices, files and names, in every shell', { skip }, async (t) => {
  const { offers, cache } = prepare(await machine(t), t.testdir({ file: '' }))
  mkdirSync(join(cache, '..'))
  const at = Date.now()
  writeFileSync(
    cache,
    JSON.stringify([
      { text: 'NixOS', at },
      { text: 'nixos-1ae4b7', at },
    ]),
  )
  for (const shell of installed) {
    t.same(offers(shell, 'scanner', 'fi'), ['find'], shell)
    t.same(offers(shell, 'scanner', 'find', '--source', 'se'), ['service'], shell)
    t.same(offers(shell, 'scanner', 'ssh', 'Ni'), ['NixOS'], shell)
  }
  const file = join(cache, '..', '..', 'fil')
  if (installed.includes('fish'))
    t.same(offers('fish', 'scanner', 'trust', 'import', 'x', file), [`${file}e`])
  if (installed.includes('zsh'))
    t.same(offers('zsh', 'scanner', 'trust', 'import', 'x', file), ['files'])
})

t.test('the script is what is printed, and starts this very program', { skip }, async (t) => {
  const { stdout } = await runNode(await machine(t), scannerProgram, ['completion', 'zsh'])
  t.equal(stdout, completionScript('zsh', [process.execPath, scannerProgram]))
})

t.test('what stands in the cache runs in no shell', { skip }, async (t) => {
  const { offers, cache } = prepare(await machine(t), t.testdir({ file: '' }))
  const mark = join(cache, '..', 'mark')
  mkdirSync(join(cache, '..'))
  const at = Date.now()
  const hostile = [
    `$(touch ${mark})`,
    `\`touch ${mark}\``,
    `x;touch ${mark}`,
    `'$(touch ${mark})'`,
    'x\nrm',
    '\u001b[2Jx',
    '-oProxyCommand=x',
  ]
  const names = [...hostile, 'x-safe'].map((text) => ({ text, at }))
  writeFileSync(cache, JSON.stringify(names))
  for (const shell of installed) t.same(offers(shell, 'scanner', 'ssh', ''), ['x-safe'], shell)
  // Nor what is typed before it.
  for (const shell of installed)
    offers(shell, 'scanner', 'ssh', '$(touch mark)', '`touch mark`', '')
  t.throws(() => readFileSync(mark), { code: 'ENOENT' })
})

t.test(
  'on a terminal of zsh and bash a Tab completes the line',
  { skip: skip || skipWithout('zsh') },
  async (t) => {
    const operator = await machine(t)
    const folder = t.testdir()
    const { environment } = prepare(operator, folder)
    // The line that was completed is made an argument of echo, and so said in one piece.
    const keys = "$'scanner trust li\\t\\C-aecho OUT: \\n'"
    const said = "$'*\\nOUT: scanner trust list*'"
    // Typed when the shell reads by itself: before that the terminal keeps a Tab as it is.
    const ready = 'PS1="REA""DY "'
    const typed = (setUp: string, shell: string) =>
      `zmodload zsh/zpty; zpty z ${shell}; zpty -w z '${setUp}; ${ready}'; zpty -r z out '*READY *'; zpty -w -n z ${keys}; zpty -r z out ${said}; echo found`
    const zsh = typed(`autoload -Uz compinit; compinit -u -D; source ${folder}/zsh`, 'zsh -f -i')
    const bash = typed(`source ${folder}/bash`, 'bash --norc -i')
    // The keys are those of Emacs; zsh takes vi's where the editor is called so, as npm calls it.
    const keyboard = { TERM: 'xterm', EDITOR: 'emacs', VISUAL: 'emacs' }
    for (const [shell, script] of Object.entries({ zsh, bash })) {
      const words = ['timeout', '20', 'zsh', '-f', '-c', script]
      const { stdout } = inside(operator, words, { ...environment, ...keyboard }, folder)
      t.match(stdout, /found/, shell)
    }
  },
)

t.test(
  'a Tab never waits: names come from the last look, which is renewed behind it',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const { offers, environment, cache } = prepare(lab.operator, await lab.newFolder('home'))
    await bootInstaller(t, lab)
    t.same(offers('bash', 'scanner', 'ssh', ''), [], 'nobody has looked yet')
    await untilHolds(cache, /NixOS/)
    t.same(offers('bash', 'scanner', 'ssh', ''), ['NixOS'])
    const { stderr } = await lab.scanner(['target', 'NixSO', '--timeout', '500ms'], environment)
    t.match(stderr, /no installer that fits 'NixSO'.*\n.*did you mean NixOS\?/)
  },
)

/** Waits until a file has such a content. */
async function untilHolds(path: string, wanted: RegExp): Promise<void> {
  const watcher = watch(join(path, '..'))
  const changes = on(watcher, 'change')
  while (!wanted.test(readFileSync(path, 'utf8'))) await changes.next()
  watcher.close()
}
