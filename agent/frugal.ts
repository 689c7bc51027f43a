import { setFlagsFromString } from 'node:v8'

/**
 * A program that mostly waits, on a RAM disk: V8 is told to hold little memory, before anything else
 * is run. By a flag each, because a program that `#!` starts can be given none.
 */
const flags = [
  // The compilers for fast code bring 5 MB of their own; what is asked often is answered from memory.
  '--no-opt',
  '--no-maglev',
  // Young objects get 1 MB, not up to 16: less garbage lies about.
  '--semi-space-growth-factor=1',
  // Old ones are collected before the heap grows, not after.
  '--optimize-for-size',
]
for (const flag of flags) setFlagsFromString(flag)
