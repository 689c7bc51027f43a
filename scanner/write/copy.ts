import { createHash } from 'node:crypto'
import { Failure } from '../../common/failure.ts'
import { blocksOf, type Source } from './blocks.ts'
import type { Target } from './target.ts'

/** Is told after every block how many bytes are done. */
type Step = (bytes: number) => void

/**
 * Writes all of a source; gives how many bytes that were. Throws the signal's reason, the system's
 * error, or a Failure when there are more than `capacity` bytes.
 */
export async function copy(
  source: Source,
  target: Target,
  capacity: number,
  step: Step,
  signal: AbortSignal,
): Promise<number> {
  let done = 0
  for await (const block of blocksOf(source)) {
    signal.throwIfAborted()
    if (done + block.length > capacity)
      throw new Failure(`the image is larger than the ${capacity} bytes that there is room for`)
    await target.write(block, done)
    done += block.length
    step(done)
  }
  signal.throwIfAborted()
  return done
}

/**
 * Reads a target back beside the source that was written there, and gives the SHA-256 of what it
 * reads. Throws a Failure at the first byte that is not the same.
 */
export async function compare(
  source: Source,
  target: Target,
  bytes: number,
  step: Step,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256')
  const written = blocksOf(target.read())
  let done = 0
  for await (const expected of blocksOf(source)) {
    signal.throwIfAborted()
    const found = ((await written.next()).value ?? Buffer.alloc(0)).subarray(0, expected.length)
    if (!expected.equals(found)) throw differs(done + firstDifference(expected, found))
    hash.update(found)
    done += expected.length
    step(done)
  }
  if (done !== bytes) throw new Failure('the image has changed while it was written')
  return hash.digest('hex')
}

function firstDifference(expected: Buffer, found: Buffer): number {
  const at = expected.findIndex((byte, index) => byte !== found[index])
  return at < 0 ? expected.length : at
}

function differs(at: number): Failure {
  return new Failure(`what was read back is not the image: they differ at byte ${at}`, {
    advice: 'do not use it: the medium is broken, or smaller than it says',
  })
}
