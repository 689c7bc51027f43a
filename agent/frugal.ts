import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * A program that mostly waits, on a RAM disk: V8 is told to hold little memory, before anything else
 * is run. By a flag each, because a program that `#!` starts can be given none.
 */
const flags = [
  // The compilers bring up to 5 MB of their own; what is asked often is answered from memory.
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  // Young objects get 1 MB, not up to 16: less garbage lies about.
  '--semi-space-growth-factor=1',
  // Old ones are collected before the heap grows, not after.
  '--optimize-for-size',
  // Gives the next context a `gc`.
  '--expose-gc',
]
for (const flag of flags) setFlagsFromString(flag)

let collectGarbage: (() => void) | undefined
/** A collection takes some 10 ms: in a storm of events one of a hundred is spent on it. */
const restMs = 1000
let collected = Number.NEGATIVE_INFINITY

/** Gives back what was used for a while, such as for a look at the links: V8 by itself would let 5 MB of it lie. */
export function tidyUp(): void {
  if (performance.now() - collected < restMs) return
  collectGarbage ??= runInNewContext('gc') as () => void
  collectGarbage()
  collected = performance.now()
}
