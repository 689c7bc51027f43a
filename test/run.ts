import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isInWorld, runInWorld } from '../scanner/demo/world.ts'
import { makeRoomForNeighbours } from './netns/neighbours.ts'

/**
 * `npm test`: runs the compiled tests, in namespaces of their own where the system allows it, shows a
 * line a file and whatever failed or was skipped, and ends with `N passed, N failed, N skipped`.
 */
const program = fileURLToPath(import.meta.url)
const tap = fileURLToPath(new URL('../../node_modules/tap/dist/esm/run.mjs', import.meta.url))
const files = process.argv.slice(2)
const countKeys = ['pass', 'fail', 'skip'] as const

process.exit(isInWorld() ? await runTap() : await enterWorld())

async function enterWorld(): Promise<number> {
  const restore = makeRoomForNeighbours()
  try {
    return await runInWorld(program, files)
  } catch (error) {
    console.log(`# without namespaces: ${error instanceof Error ? error.message : error}`)
    return runTap()
  } finally {
    restore()
  }
}

async function runTap(): Promise<number> {
  const child = spawn(process.execPath, [tap, 'run', '--reporter=tap', ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const counts = { pass: 0, fail: 0, skip: 0 }
  let ended = false
  const show = failuresOnly()
  for await (const line of createInterface({ input: child.stdout })) {
    const summary = /^# \{ total: .*\}$/.test(line)
    if (summary) ended = true
    if (summary) for (const key of countKeys) counts[key] = readCount(line, key)
    else if (show(line)) console.log(line)
  }
  const status = await new Promise<number>((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode)
    else child.on('close', (code) => resolve(code ?? 1))
  })
  // A runner that fell over has not passed, whatever it counted.
  if ((!ended || status !== 0) && counts.fail === 0) counts.fail = 1
  console.log(`${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped`)
  return status === 0 && counts.fail === 0 ? 0 : 1
}

function readCount(line: string, key: string): number {
  return Number(new RegExp(`${key}: (\\d+)`).exec(line)?.[1] ?? 0)
}

/** Of a TAP stream: the result of each file, skips with their reason, failures with what was expected. */
function failuresOnly(): (line: string) => boolean {
  let inFailure = false
  return (line) => {
    const result = /^( *)(not )?ok \d+/.exec(line)
    if (result) inFailure = result[2] !== undefined
    if (result) return inFailure || result[1] === '' || / # (SKIP|TODO)/.test(line)
    return inFailure && /^ +\S/.test(line) && !/^ *(# |1\.\.)/.test(line)
  }
}
