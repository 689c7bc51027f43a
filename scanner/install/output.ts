import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { printable } from '../../common/printable.ts'

/** Colours and the like (ECMA-48, SGR), which builders write wherever they are. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is taken out
const colours = /\x1b\[[\d;:]*m/g

/**
 * Shows what an install says: bytes as they are to a file or a pipe; on a terminal as text, in which
 * nothing can move the cursor. A piece is done when the reader has taken it.
 */
export function shower(stdout: Writable & { isTTY?: boolean }): (bytes: Buffer) => Promise<void> {
  const decoder = new StringDecoder('utf8')
  return async (bytes) => {
    const shown = stdout.isTTY ? asLines(decoder.write(bytes)) : bytes
    if (!stdout.write(shown)) await once(stdout, 'drain')
  }
}

/** A progress bar, which goes back to the beginning of its line, becomes lines; tabs become spaces. */
function asLines(text: string): string {
  const lines = text.replace(colours, '').replace(/\r\n?/g, '\n').replaceAll('\t', '    ')
  return printable(lines)
}
