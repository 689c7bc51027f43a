import { spawnSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { commandEnvironment } from '../../common/command.ts'
import { scannerProgram } from '../netns/lab.ts'

/**
 * `node dist/test/bench/write.js [RUNS]`: a plain image by `scanner write` and by dd, onto one loop
 * device, in turn. Image and device are in memory, so that the programs count and not this machine's disk.
 */
const program = fileURLToPath(import.meta.url)
/** As dd has it, a multiple of its block. */
const blockBytes = 4 * 1024 * 1024
const imageBlocks = 256
const imageBytes = imageBlocks * blockBytes

interface Spread {
  min: number
  median: number
  max: number
}

export const write = {
  name: 'write',
  needs: ['losetup', 'lsblk', 'blkid', 'blockdev', 'dd', 'cmp'],
  measure: (runs: number) => withDevice((image, device) => measure(image, device, runs)),
}

async function* withDevice<T>(
  act: (image: string, device: string) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const folder = await mkdtemp('/dev/shm/bench-write-')
  const [image, back] = [join(folder, 'image'), join(folder, 'back')]
  await pipeline(Readable.from(blocks()), createWriteStream(image))
  await writeFile(back, '')
  await truncate(back, imageBytes)
  const device = said('losetup', '--find', '--show', back).trim()
  try {
    yield* act(image, device)
  } finally {
    said('losetup', '--detach', device)
    await rm(folder, { recursive: true })
  }
}

/** No two blocks are the same, and none is empty. */
function* blocks(): Generator<Buffer> {
  for (let index = 0; index < imageBlocks; index++) yield Buffer.alloc(blockBytes, `block ${index}`)
}

async function* measure(image: string, device: string, runs: number) {
  const figures = { ours: [], dd: [], oursWhole: [], ddWhole: [] } as Record<string, number[]>
  for (let run = -1; run < runs; run++) {
    const dd = byDd(image, device)
    const ours = byScanner(image, device)
    if (run < 0) continue
    figures.ours?.push(ours.rate)
    figures.oursWhole?.push(ours.seconds)
    figures.dd?.push(dd.rate)
    figures.ddWhole?.push(dd.seconds)
  }
  const of = (name: string) => spread(figures[name] ?? [])
  yield {
    what: 'scanner write, 1 GiB to a loop device',
    unit: 'MB/s',
    ours: of('ours'),
    peer: { name: 'dd bs=4M oflag=direct status=progress', spread: of('dd') },
    target: { least: 0.9 },
  }
  yield {
    what: 'the same with start, reading back, comparing and SHA-256',
    unit: 's',
    ours: of('oursWhole'),
    peer: { name: 'the same dd, then cmp', spread: of('ddWhole') },
  }
}

/** Megabytes a second by its own account, and seconds from start to end with everything. */
interface Figures {
  rate: number
  seconds: number
}

function byScanner(image: string, device: string): Figures {
  const began = performance.now()
  const text = said(process.execPath, scannerProgram, 'write', image, device, '--yes')
  const seconds = Number(/bytes are written to \S+, ([\d.]+) s/.exec(text)?.[1])
  return { rate: imageBytes / 1e6 / seconds, seconds: (performance.now() - began) / 1000 }
}

function byDd(image: string, device: string): Figures {
  const began = performance.now()
  const words = [`if=${image}`, `of=${device}`, 'bs=4M', 'oflag=direct', 'status=progress']
  const seconds = Number(/copied, ([\d.]+) s, \S+ \S+\s*$/.exec(said('dd', ...words))?.[1])
  said('cmp', '--bytes', String(imageBytes), image, device)
  return { rate: imageBytes / 1e6 / seconds, seconds: (performance.now() - began) / 1000 }
}

/** What a command says, on both outputs. */
function said(command: string, ...args: string[]): string {
  const { NODE_OPTIONS: _, ...env } = commandEnvironment()
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
  return stdout + stderr
}

function spread(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  return { min: at(0), median: at(sorted.length >> 1), max: at(sorted.length - 1) }
}

if (process.argv[1] === program)
  for await (const { what, unit, ours, peer } of write.measure(Number(process.argv[2] ?? 9))) {
    const [a, b] = [ours, peer.spread].map(
      ({ min, median, max }) =>
        `${median.toPrecision(4)} (${min.toPrecision(3)}-${max.toPrecision(3)})`,
    )
    const ratio = (ours.median / peer.spread.median).toFixed(2)
    console.log(`${what}: ${ratio}: ${a} ${unit}, ${peer.name} ${b} ${unit}`)
  }
