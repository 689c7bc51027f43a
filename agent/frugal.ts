import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** A program that mostly waits, on a RAM disk: V8 is told to hold little memory. */
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

/**
 * By a flag each, because a program that `#!` starts can be given none. Node's own modules have to be
 * loaded by then: what V8 has compiled beforehand of them it takes only under the flags of that time.
 */
export function beFrugal(): void {
  for (const flag of flags) setFlagsFromString(flag)
}

let collectGarbage: (() => void) | undefined
/**
 * By then a link that came is announced (RFC 6762 section 8): nobody waits for the 10 ms that a collection
 * takes. In a storm of events it is one of a hundred.
 */
const restMs = 1000
let isDue = false

/** Gives back, after a rest, what was used for a while, such as for a look at the links: V8 by itself would let 5 MB of it lie. */
export function tidyUpSoon(): void {
  if (isDue) return
  isDue = true
  setTimeout(() => {
    isDue = false
    collectGarbage ??= runInNewContext('gc') as () => void
    // Where V8 may not mark in steps, its memory reducer has nothing to do: else it wakes all threads
    // 8 s after a collection, up to three times.
    setFlagsFromString('--no-incremental-marking')
    collectGarbage()
    setFlagsFromString('--incremental-marking')
  }, restMs).unref()
}
