import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { commandEnvironment, runCommand } from '../../common/command.ts'
import { isInWorld, runInWorld } from '../../scanner/demo/world.ts'
import { isInstalled } from '../netns/lab.ts'
import { makeRoomForNeighbours } from '../netns/neighbours.ts'
import type { Row, Topic } from './measure.ts'
import { type Column, formatLine, formatTable } from './table.ts'
import { topics } from './topics.ts'

/**
 * `npm run bench [-- TOPIC... --runs N --node VERSION...]`: what the programs take, beside a peer or a
 * floor that is measured in the same run: times of their own would say more of the machine. With all
 * topics on all Nodes it writes docs/benchmarks.md and docs/benchmarks.json.
 */
const program = fileURLToPath(import.meta.url)
const root = fileURLToPath(new URL('../../../', import.meta.url))
/** As in .ci/nodes. The other is the one that runs this: 20, which is the oldest that is supported. */
const newest = '24.21.0'
const own = process.versions.node

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '9' },
    node: { type: 'string', multiple: true },
  },
})

// As people have it: to read further authorities takes Node 20 longer than all else at its start.
delete process.env.NODE_EXTRA_CA_CERTS
delete process.env.NODE_OPTIONS

process.exit(isInWorld() ? await measureHere() : await (values.node ? enter() : runAll()))

/** In namespaces of our own: measures with the Node that runs this, a line of JSON a row. */
async function measureHere(): Promise<number> {
  const chosen = positionals.length > 0 ? positionals.map(topicOf) : topics
  for (const topic of chosen) {
    const missing = topic.needs.filter((command) => !isInstalled(command))
    if (missing.length > 0) console.error(`${topic.name}: left out without ${missing.join(', ')}`)
    else
      for await (const row of topic.measure(Number(values.runs))) console.log(JSON.stringify(row))
  }
  return 0
}

function topicOf(name: string): Topic {
  const topic = topics.find((each) => each.name === name)
  if (topic) return topic
  throw new Error(`no topic '${name}'; there are: ${topics.map((each) => each.name).join(', ')}`)
}

async function enter(): Promise<number> {
  const restore = makeRoomForNeighbours()
  try {
    return await runInWorld(program, process.argv.slice(2))
  } finally {
    restore()
  }
}

async function runAll(): Promise<number> {
  const began = performance.now()
  const columns: Column[] = []
  for (const version of new Set([own, newest])) {
    const binary = version === own ? process.execPath : await installNode(version)
    console.log(`# Node ${version}`)
    columns.push({ node: version, rows: await measureWith(binary, version) })
  }
  const table = formatTable(columns)
  console.log(`\n${table}\n\n${((performance.now() - began) / 60_000).toFixed(1)} minutes`)
  if (positionals.length === 0) publish(columns, table)
  return 0
}

async function installNode(version: string): Promise<string> {
  const { status, stdout, stderr } = await runCommand('sh', [`${root}.ci/node`, version])
  if (status !== 0) throw new Error(`.ci/node ${version}: ${stderr}`)
  return stdout.trim()
}

async function measureWith(binary: string, version: string): Promise<Row[]> {
  const words = [program, ...process.argv.slice(2), '--node', version]
  const child = spawn(binary, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: commandEnvironment(),
  })
  const ended = once(child, 'close')
  const rows: Row[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const row = JSON.parse(line) as Row
    rows.push(row)
    console.log(formatLine(row))
  }
  const [status] = await ended
  if (status !== 0) throw new Error(`with Node ${version} a topic has failed`)
  return rows
}

function publish(columns: readonly Column[], table: string): void {
  const introduction = readFileSync(`${root}test/bench/introduction.md`, 'utf8')
  writeFileSync(`${root}docs/benchmarks.md`, `${introduction}\n${table}\n`)
  writeFileSync(`${root}docs/benchmarks.json`, `${JSON.stringify(columns, null, 2)}\n`)
}
