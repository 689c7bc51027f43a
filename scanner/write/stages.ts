import { printableWord } from '../../common/printable.ts'
import type { Console } from '../options.ts'
import { compare, copy } from './copy.ts'
import type { Image, Reading } from './image.ts'
import type { Meter } from './meter.ts'
import { formatBytes, formatSeconds } from './progress.ts'
import type { Place, Target } from './target.ts'
import type { State } from './words.ts'

/** What is written where, and how far it is. */
export interface Work {
  image: Image
  place: Place
  target: Target
  /** Kept up to date, for whoever must tell what is on the medium after a failure. */
  state: State
}

/** Writes an image, reads it back and compares; gives the lines of sha256sum(1) for it. */
export async function writeAndCompare(
  { image, place, target, state }: Work,
  meterFor: (action: string) => Meter,
  console_: Console,
  signal: AbortSignal,
): Promise<string> {
  state.phase = 'writing'
  const capacity = place.device?.bytes ?? Number.POSITIVE_INFINITY
  const written = await pass(
    image.read(signal),
    image,
    meterFor('writing'),
    async (reading, step) => {
      const note = (bytes: number) => {
        state.bytes = bytes
        step(bytes)
      }
      const bytes = await copy(reading, target, capacity, note, signal)
      state.phase = 'finishing'
      await target.finish(bytes)
      return bytes
    },
  )
  console_.say(`scanner: ${written.result} bytes are written to ${place.path}, ${speed(written)}`)
  state.phase = 'comparing'
  const read = await pass(
    image.read(signal),
    image,
    meterFor('comparing'),
    async (reading, step) => {
      const hash = await compare(reading, target, state.bytes, step, signal)
      return hashLines(image.path, hash, reading.fileHash())
    },
  )
  const past = target.isDirect
    ? ''
    : ', though out of the cache: this file system knows no other way'
  console_.say(`scanner: read back and the same, ${speed({ ...read, result: state.bytes })}${past}`)
  return read.result
}

interface Passed<Result> {
  result: Result
  seconds: number
}

/** One passage through the image, and its meter. */
async function pass<Result>(
  reading: Reading,
  { fileBytes }: Image,
  meter: Meter,
  act: (reading: Reading, step: (bytes: number) => void) => Promise<Result>,
): Promise<Passed<Result>> {
  const began = performance.now()
  try {
    const step = (bytes: number) => meter.step(bytes, reading.fileBytesRead() / fileBytes)
    const result = await act(reading, step)
    return { result, seconds: (performance.now() - began) / 1000 }
  } finally {
    meter.end()
    await reading.stop()
  }
}

function speed({ result: bytes, seconds }: Passed<number>): string {
  const time = seconds < 10 ? `${seconds.toFixed(3)} s` : formatSeconds(seconds)
  return `${time}, ${formatBytes(bytes / seconds)}/s`
}

/** The hash of what was written, under the name of the unpacked image, and that of the packed file. */
export function hashLines(path: string, hash: string, fileHash: string | undefined): string {
  const name = printableWord(path)
  if (!fileHash) return `${hash}  ${name}\n`
  return `${fileHash}  ${name}\n${hash}  ${name.replace(/\.(gz|xz|zst)$/i, '')}\n`
}
