/** The size that dd is told for sticks: larger ones gain nothing, and Ctrl-C waits for one. */
export const blockBytes = 4 * 1024 * 1024
/** A memory page of WebAssembly. */
const pageBytes = 64 * 1024

/** As much of it as is used; TypeScript has it only among the types of browsers. */
declare const WebAssembly: {
  Memory: new (size: { initial: number }) => { buffer: ArrayBuffer }
}

/** Bytes in their order, each once. */
export interface Source {
  /** Fills the block, or as much of it as there is left; gives how many bytes came, 0 at the end. */
  fill(block: Buffer): Promise<number>
}

/**
 * All of a source in blocks of `blockBytes`, the last one shorter. A block is only valid until the next
 * one is asked for: while it is used the next one is filled.
 */
export async function* blocksOf(source: Source): AsyncGenerator<Buffer> {
  let [current, next] = alignedBlocks()
  let filling = source.fill(current)
  for (;;) {
    const count = await filling
    if (count > 0 && count === current.length) {
      filling = source.fill(next)
      // It is waited for after this block was used, if at all.
      filling.catch(() => {})
    }
    if (count > 0) yield current.subarray(0, count)
    if (count < current.length) return
    ;[current, next] = [next, current]
  }
}

/** A source of chunks of any size. */
export function chunkSource(chunks: AsyncIterator<Buffer>): Source {
  let rest: Buffer = Buffer.alloc(0)
  return {
    async fill(block) {
      let filled = 0
      while (filled < block.length) {
        if (rest.length === 0) {
          const { value, done } = await chunks.next()
          if (done) break
          rest = value
        }
        const count = rest.copy(block, filled)
        rest = rest.subarray(count)
        filled += count
      }
      return filled
    },
  }
}

/**
 * Two blocks as O_DIRECT wants them (open(2)): aligned in memory as well. Node has no such buffers but the
 * memory of WebAssembly, which is mapped in whole pages.
 */
function alignedBlocks(): [Buffer, Buffer] {
  const { buffer } = new WebAssembly.Memory({ initial: (2 * blockBytes) / pageBytes })
  return [Buffer.from(buffer, 0, blockBytes), Buffer.from(buffer, blockBytes, blockBytes)]
}
