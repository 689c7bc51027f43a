import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { blockBytes, blocksOf, chunkSource } from '../../../scanner/write/blocks.ts'
import { compare, copy } from '../../../scanner/write/copy.ts'
import type { Target } from '../../../scanner/write/target.ts'

const image = randomBytes(blockBytes + 70_001)
const { signal } = new AbortController()
const ignore = () => {}

/** Chunks whose borders are those of no block. */
function source(bytes: Buffer) {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += 65_521) yield bytes.subarray(at, at + 65_521)
  }
  return chunkSource(chunks())
}

/** A medium in memory that is larger than the image. */
function medium(): Target & { held: Buffer } {
  const held = Buffer.alloc(3 * blockBytes)
  return {
    held,
    isDirect: true,
    write: async (block, position) => void block.copy(held, position),
    finish: async () => {},
    read: () => source(held),
    close: async () => {},
  }
}

t.test('blocks are whole but for the last one, and hold everything in its order', async (t) => {
  const lengths: number[] = []
  const hash = createHash('sha256')
  for await (const block of blocksOf(source(image))) {
    lengths.push(block.length)
    hash.update(block)
  }
  t.same(lengths, [blockBytes, 70_001])
  t.equal(hash.digest('hex'), createHash('sha256').update(image).digest('hex'))
  for await (const block of blocksOf(source(Buffer.alloc(0)))) t.fail(`${block.length}`)
})

t.test('an image that ends with a block has no empty one after it', async (t) => {
  const lengths: number[] = []
  for await (const block of blocksOf(source(image.subarray(0, blockBytes))))
    lengths.push(block.length)
  t.same(lengths, [blockBytes])
})

t.test('what was written is read back, compared, and told by its hash', async (t) => {
  const target = medium()
  const steps: number[] = []
  const bytes = await copy(source(image), target, image.length, (step) => steps.push(step), signal)
  t.equal(bytes, image.length)
  t.same(steps, [blockBytes, image.length])
  t.ok(target.held.subarray(0, bytes).equals(image))
  const hash = await compare(source(image), target, bytes, ignore, signal)
  t.equal(hash, createHash('sha256').update(image).digest('hex'))
})

t.test('the first byte that is not the same is named', async (t) => {
  for (const at of [0, blockBytes - 1, blockBytes, image.length - 1]) {
    const target = medium()
    await copy(source(image), target, image.length, ignore, signal)
    target.held[at] = ~(target.held[at] ?? 0)
    await t.rejects(compare(source(image), target, image.length, ignore, signal), {
      message: `what was read back is not the image: they differ at byte ${at}`,
    })
  }
})

t.test('a medium that ends too soon differs there', async (t) => {
  const target = { ...medium(), read: () => source(image.subarray(0, 1000)) }
  await t.rejects(compare(source(image), target, image.length, ignore, signal), {
    message: /differ at byte 1000/,
  })
})

t.test('an image that grows or shrinks meanwhile is told', async (t) => {
  const target = medium()
  await copy(source(image), target, image.length, ignore, signal)
  const shorter = source(image.subarray(0, 1000))
  await t.rejects(compare(shorter, target, image.length, ignore, signal), {
    message: /image has changed/,
  })
})

t.test('nothing is written beyond the room that there is', async (t) => {
  const target = medium()
  await t.rejects(copy(source(image), target, image.length - 1, ignore, signal), {
    message: /larger than the \d+ bytes/,
  })
  t.ok(target.held.subarray(blockBytes).equals(Buffer.alloc(2 * blockBytes)))
})

t.test('a block after Ctrl-C is not written any more', async (t) => {
  const target = medium()
  const controller = new AbortController()
  const stop = () => controller.abort('SIGINT')
  await t.rejects(copy(source(image), target, image.length, stop, controller.signal))
  t.ok(target.held.subarray(0, blockBytes).equals(image.subarray(0, blockBytes)))
  t.ok(target.held.subarray(blockBytes).equals(Buffer.alloc(2 * blockBytes)))
})

t.test('a write that fails is told while the next block is still read', async (t) => {
  const target = {
    ...medium(),
    write: async () => {
      throw new Error('EIO: i/o error, write')
    },
  }
  await t.rejects(copy(source(image), target, image.length, ignore, signal), { message: /EIO/ })
})
