import { createInterface } from 'node:readline/promises'

/** Whether somebody sits there who can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** Asks on the terminal; undefined when nothing was said, by Ctrl-C, Ctrl-D or the signal. */
export async function ask(words: string, signal: AbortSignal): Promise<string | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const left = new AbortController()
  const leave = () => left.abort()
  terminal.once('close', leave)
  signal.addEventListener('abort', leave)
  if (signal.aborted) leave()
  try {
    return await terminal.question(words, { signal: left.signal })
  } catch (error) {
    if (!left.signal.aborted) throw error
    process.stderr.write('\n')
    return undefined
  } finally {
    signal.removeEventListener('abort', leave)
    terminal.close()
  }
}
