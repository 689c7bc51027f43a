import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandEnvironment } from '../../common/command.ts'
import type { Namespace } from '../../scanner/demo/namespace.ts'

/** The programs as the package installs them. */
const packageFile = new URL('../../../package.json', import.meta.url)
const { bin } = JSON.parse(readFileSync(packageFile, 'utf8')) as { bin: Record<string, string> }
const programOf = (name: string) => fileURLToPath(new URL(bin[name] ?? '', packageFile))
export const scanner = [process.execPath, programOf('scanner')]
export const agent = [process.execPath, programOf('installer-agent')]
/** The floor of every program for Node. */
export const bareNode = [process.execPath, '-e', '0']

/** As in daily use, what V8 has compiled is kept from run to run. */
const cache = mkdtempSync(join(tmpdir(), 'bench-cache-'))
process.on('exit', () => rmSync(cache, { recursive: true, force: true }))
const ownFolders = { XDG_STATE_HOME: '/run', XDG_CACHE_HOME: cache }

export interface Timing {
  /** Milliseconds from the start to the first output that fits. */
  firstMs: number
  exitMs: number
  status: number | null
  /** All that was written to stdout. */
  said: string
}

/** Words that run a command in a namespace; here without one. */
export function wordsIn(namespace: Namespace | undefined, command: readonly string[]): string[] {
  return [...(namespace?.enter ?? []), ...command]
}

/** The same on a terminal of its own, wide enough for a row: what script(1) itself takes, all sides take. */
export function onTerminal(command: readonly string[]): string[] {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  return ['script', '-qfec', `stty cols 200; exec ${quoted}`, '/dev/null']
}

/** Runs a command to its end; `row` is what its first row looks like. */
export async function time(
  words: readonly string[],
  row = /^/,
  environment: NodeJS.ProcessEnv = {},
): Promise<Timing> {
  const [command = '', ...rest] = words
  const began = performance.now()
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...commandEnvironment(), ...ownFolders, TERM: 'xterm', ...environment },
  })
  let said = ''
  let firstMs = Number.NaN
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (Number.isNaN(firstMs) && row.test(said)) firstMs = performance.now() - began
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) =>
      resolve({ firstMs, exitMs: performance.now() - began, status, said }),
    )
  })
}

/** The time to the end of a command that must succeed. */
export async function timeToExit(
  words: readonly string[],
  environment?: NodeJS.ProcessEnv,
): Promise<number> {
  const { exitMs, status } = await time(words, undefined, environment)
  if (status !== 0) throw new Error(`'${words.join(' ')}' ended with status ${status}`)
  return exitMs
}
