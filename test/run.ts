import { spawn } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Parser, type Result } from 'tap-parser'
import { runCommand } from '../common/command.ts'
import { isInWorld, runInWorld } from '../scanner/demo/world.ts'
import { makeRoomForNeighbours } from './netns/neighbours.ts'

/**
 * `npm test`: runs the compiled tests, in namespaces of their own where the system allows it, shows a
 * line a file and whatever failed or was skipped, and ends with `N passed, N failed, N skipped`.
 *
 * Each file is a program that writes TAP. It is run as such and not by `tap run`, whose loader and
 * worker cost 0.85 s of processor time a file where the file itself takes 0.26 s (Node 20): for two
 * hundred files on three versions of Node those are minutes.
 */
const program = fileURLToPath(import.meta.url)
const testFolder = fileURLToPath(new URL('.', import.meta.url))
const args = process.argv.slice(2)
const otherNodes = args.flatMap((each) => each.match(/^--node=(.+)/)?.[1] ?? [])
const paths = args.filter((each) => !each.startsWith('--'))
/** tap ends a test file after this; the longest boots an emulated machine twice, in five minutes. */
const fileTimeoutSeconds = 420
/** One that does not end even then (it spins, or waits for a child) is killed. */
const killAfterMs = (fileTimeoutSeconds + 15) * 1000

/** Of those on links. More, and what some of them time on the wire comes late. */
const linksAtOnce = 2
/** What needs no network takes the processor time that the others leave, which mostly wait. */
const offlineNiceness = 10

/** A test file, and the Node that it runs on: this one, or another of that version. */
interface Job {
  file: string
  node?: { path: string; version: string } | undefined
}

interface Counts {
  passed: number
  failed: number
  skipped: number
}

// Node 20 takes 65 ms to read them, each time it starts; nobody whose certificate they are for is reached.
delete process.env.NODE_EXTRA_CA_CERTS

process.exit(isInWorld() ? await runInside() : await enterWorld())

async function enterWorld(): Promise<number> {
  const restore = makeRoomForNeighbours()
  try {
    return await runInWorld(program, args)
  } catch (error) {
    console.log(`# without namespaces: ${error instanceof Error ? error.message : error}`)
    return runAll()
  } finally {
    restore()
  }
}

/** A network namespace begins with a loopback interface that is down. */
async function runInside(): Promise<number> {
  await runCommand('ip', ['link', 'set', 'lo', 'up'])
  return runAll()
}

async function runAll(): Promise<number> {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 }
  const files = testFiles(paths.length === 0 ? [testFolder] : paths)
  const onLinks = files.filter((file) => !isOffline(file))
  const inOrder = [...onLinks.filter(isFirst), ...onLinks.filter((file) => !isFirst(file))]
  const links = inOrder.map((file): Job => ({ file })).values()
  const nodes = [undefined, ...(await Promise.all(otherNodes.map(versionOf)))]
  const rest = nodes
    .flatMap((node) => files.filter(isOffline).map((file) => ({ file, node })))
    .values()
  const lanes = Array.from({ length: linksAtOnce }, async () => {
    await runInTurn(links, total)
    await runInTurn(rest, total)
  })
  await Promise.all([...lanes, runInTurn(rest, total)])
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  return total.failed === 0 && total.passed > 0 ? 0 : 1
}

/** Needs no network. */
function isOffline(file: string): boolean {
  return /^(agent|common|scanner)\//.test(relative(testFolder, file))
}

/** An emulated machine keeps one core busy for minutes: beside it the suite that mostly waits. */
function isFirst(file: string): boolean {
  return /^(boot\/iso|conformance\/)/.test(relative(testFolder, file))
}

async function versionOf(path: string): Promise<Job['node']> {
  const { stdout } = await runCommand(path, ['--version'])
  return { path, version: stdout.trim() }
}

function testFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!statSync(path).isDirectory()) return [path]
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()
    return names.filter((name) => name.endsWith('.test.js')).map((name) => join(path, name))
  })
}

async function runInTurn(jobs: IterableIterator<Job>, total: Counts): Promise<void> {
  for (const job of jobs) {
    const counts = await runFile(job)
    for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += counts[key]
  }
}

async function runFile({ file, node }: Job): Promise<Counts> {
  const began = performance.now()
  const name = relative(process.cwd(), file) + (node ? ` on ${node.version}` : '')
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  // What one mounts is not to be held by the namespaces that another makes meanwhile.
  const apart = isInWorld() ? ['unshare', '--mount'] : []
  const words = [...apart, node?.path ?? process.execPath, '--enable-source-maps', file]
  const child = spawn(words[0] ?? '', words.slice(1), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TAP_TIMEOUT: String(fileTimeoutSeconds), NO_COLOR: '1' },
  })
  if (isOffline(file) && child.pid !== undefined) setPriority(child.pid, offlineNiceness)
  const killed = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('close', (status, signal) => resolve(endOf(status, signal)))
  })
  const results = new Promise<boolean>((resolve) => {
    const parser = new Parser(({ ok }) => resolve(ok))
    countAssertions(parser, counts, name)
    child.stdout.pipe(parser)
  })
  const [ok, badEnd] = await Promise.all([results, ended])
  clearTimeout(killed)
  // One that fell over, or had no test, has not passed, whatever it counted.
  const nothing = counts.passed + counts.skipped === 0
  if ((!ok || badEnd !== undefined || nothing) && counts.failed === 0) counts.failed = 1
  const verdict = counts.failed === 0 ? 'ok' : 'not ok'
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${verdict} - ${name} (${seconds} s)${badEnd === undefined ? '' : `: ${badEnd}`}`)
  return counts
}

function endOf(status: number | null, signal: string | null): string | undefined {
  if (signal !== null) return `ended by ${signal}`
  return status === 0 ? undefined : `status ${status}`
}

/** Those of subtests too; the line that closes a subtest repeats them, where it had any. */
function countAssertions(parser: Parser, counts: Counts, file: string): void {
  let closed: Parser | undefined
  parser.on('child', (child: Parser) => {
    closed = child
    countAssertions(child, counts, file)
  })
  parser.on('assert', (result: Result) => {
    if (!closed?.count) count(result, counts, file)
    closed = undefined
  })
  // What a test has to say of itself, such as a figure; not what tap adds.
  parser.on('comment', (comment: string) => {
    if (!/^# (Subtest|time=|\{)/.test(comment)) console.log(`  ${file}: ${comment.trim()}`)
  })
}

function count(result: Result, counts: Counts, file: string): void {
  if (result.skip || result.todo) {
    counts.skipped += 1
    console.log(`  skipped in ${file}: ${result.fullname}: ${result.skip || result.todo}`)
  } else if (result.ok) {
    counts.passed += 1
  } else {
    counts.failed += 1
    console.log(`  failed in ${file}: ${result.fullname}`)
    console.log(JSON.stringify(result.diag, null, 2).replace(/^/gm, '    '))
  }
}
