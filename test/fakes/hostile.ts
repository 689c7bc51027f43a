/** A repeatable source of 0 <= x < 1 (mulberry32), so that a failure can be seen again. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A copy with one to eight bytes changed, and every fourth time the end cut off. */
export function mutated(bytes: Buffer, random: () => number): Buffer {
  const copy = Buffer.from(bytes)
  const below = (limit: number) => Math.floor(random() * limit)
  for (let changes = 1 + below(8); changes > 0; changes--) copy[below(copy.length)] = below(256)
  return below(4) === 0 ? copy.subarray(0, below(copy.length)) : copy
}
