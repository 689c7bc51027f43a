import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, connect as dialDirectly } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { makeKeys, startAgent } from '../../scanner/demo/installer.ts'
import {
  connect,
  createNamespace,
  type Namespace,
  runInside,
  untilSaid,
} from '../../scanner/demo/namespace.ts'
import { isInWorld, runInWorld } from '../../scanner/demo/world.ts'

/**
 * `node dist/test/bench/proxy.js`: 1 GB through `scanner proxy` beside a direct connection, and the
 * time from start to first byte beside that of Node alone; ratios within one run, in turns.
 */
const program = fileURLToPath(import.meta.url)
const scanner = fileURLToPath(new URL('../../scanner/main.js', import.meta.url))
const bytes = 1_000_000_000
const port = 7001
const rounds = 5
const address = 'fe80::5054:ff:fe12:3456%op0'

const roles: Record<string, () => Promise<number>> = { serve, direct, measure }

async function main(role = ''): Promise<number> {
  const act = roles[role]
  if (act) return act()
  return isInWorld() ? compare() : runInWorld(program, [])
}

/** On the installer: bytes for whoever connects. */
async function serve(): Promise<number> {
  const block = Buffer.alloc(1_000_000)
  const server = createServer((socket) => {
    let left = bytes / block.length
    const send = (): void => {
      while (left > 0) {
        left -= 1
        if (!socket.write(block)) return void socket.once('drain', send)
      }
      socket.end()
    }
    socket.on('error', () => {})
    send()
  }).listen(port, '::', () => process.stderr.write('listening\n'))
  return new Promise((resolve) => server.once('close', () => resolve(0)))
}

/** A direct connection, read to its end and thrown away, or to its first byte. */
async function direct(): Promise<number> {
  const socket = dialDirectly({ host: address, port })
  for await (const _ of socket) if (process.argv[3] === 'first') break
  return 0
}

interface Figures {
  /** Megabytes a second from the first byte to the last. */
  rate: number
  firstMs: number
}

async function drain(from: Readable, began: number, enough = bytes): Promise<Figures> {
  let count = 0
  let first = 0
  for await (const chunk of from) {
    first ||= performance.now()
    count += chunk.length
    if (count >= enough) break
  }
  return { rate: count / 1000 / (performance.now() - first), firstMs: first - began }
}

async function proxied(enough?: number): Promise<Figures> {
  const began = performance.now()
  const words = [scanner, 'proxy', 'NixOS.installer', String(port)]
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const figures = await drain(child.stdout, began, enough)
  child.kill()
  return figures
}

async function elapsed(...words: string[]): Promise<number> {
  const began = performance.now()
  const child = spawn(process.execPath, words, { stdio: 'inherit' })
  await new Promise((resolve) => child.once('close', resolve))
  return performance.now() - began
}

/** On the operator's machine: all measurements, in turns. */
async function measure(): Promise<number> {
  const rates: [number, number][] = []
  const times: [number, number, number][] = []
  for (let round = 0; round < rounds; round++) {
    const plain = await drain(dialDirectly({ host: address, port }), performance.now())
    rates.push([plain.rate, (await proxied()).rate])
    const connected = await elapsed(program, 'direct', 'first')
    times.push([await elapsed('-e', '0'), connected, (await proxied(1)).firstMs])
  }
  const column = <Row extends number[]>(rows: Row[], index: number) =>
    median(rows.map((row) => row[index] ?? Number.NaN))
  const ratio = median(rates.map(([plain, ours]) => ours / plain))
  const [node, connected, ours] = [column(times, 0), column(times, 1), column(times, 2)]
  console.log(
    `1 GB, median of ${rounds}: direct ${column(rates, 0).toFixed(0)} MB/s, `.concat(
      `proxy ${column(rates, 1).toFixed(0)} MB/s, ratio ${ratio.toFixed(2)}`,
    ),
  )
  console.log(
    `first byte after start: node -e 0 ${node.toFixed(0)} ms, `.concat(
      `direct in Node ${connected.toFixed(0)} ms, proxy ${ours.toFixed(0)} ms (${(ours / node).toFixed(1)} of node -e 0)`,
    ),
  )
  return 0
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

async function compare(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'))
  const [operator, installer] = [await createNamespace(), await createNamespace()]
  try {
    const far = { namespace: installer, interface: 'in0', mac: '52:54:00:12:34:56' }
    await connect({ namespace: operator, interface: 'op0' }, far)
    await untilSaid(installer.start([process.execPath, program, 'serve']), /listening/)
    await startAgent(installer, await makeKeys(folder))
    console.log((await inside(operator, 'measure')).trim())
    return 0
  } finally {
    for (const each of [operator, installer]) each.end()
    await rm(folder, { recursive: true })
  }
}

function inside(namespace: Namespace, role: string): Promise<string> {
  return runInside(namespace, process.execPath, [program, role])
}

process.exit(await main(process.argv[2]))
