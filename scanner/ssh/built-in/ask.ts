import { openSync, writeSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { ReadStream } from 'node:tty'
import { plain } from './plain.ts'

/** Asks on the terminal; undefined when there is none, or nothing was said: Ctrl-C, Ctrl-D, or the signal. */
export type Ask = (
  question: string,
  options: { echo: boolean },
  signal: AbortSignal,
) => Promise<string | undefined>

/** Asks on the controlling terminal, as ssh does: standard input may be data for the other side. */
export const askOnTerminal: Ask = (question, { echo }, signal) => {
  const terminal = openTerminal()
  if (terminal === undefined || signal.aborted) return Promise.resolve(undefined)
  const { fd, input } = terminal
  const line = new Line((text) => echo && writeSync(fd, plain(text)))
  return new Promise((resolve) => {
    const finish = (answer: string | undefined) => {
      signal.removeEventListener('abort', giveUp)
      writeSync(fd, '\n')
      input.setRawMode(false)
      input.destroy()
      resolve(answer)
    }
    const giveUp = () => finish(undefined)
    signal.addEventListener('abort', giveUp)
    input.on('error', giveUp)
    input.on('data', (bytes: Buffer) => {
      const state = line.type(bytes)
      if (state !== 'open') finish(state === 'done' ? line.text : undefined)
    })
    // There is no other way in Node to switch the echo off; so editing the line is ours to do.
    input.setRawMode(true)
    writeSync(fd, plain(question))
  })
}

export function hasTerminal(): boolean {
  const terminal = openTerminal()
  terminal?.input.destroy()
  return terminal !== undefined
}

function openTerminal(): { fd: number; input: ReadStream } | undefined {
  try {
    const fd = openSync('/dev/tty', 'r+')
    return { fd, input: new ReadStream(fd) }
  } catch {
    // ENXIO: a process without a controlling terminal.
    return undefined
  }
}

/** A line as it is typed: erase (Backspace), kill (Ctrl-U), and the keys that end it. */
export class Line {
  text = ''
  readonly #echo: (text: string) => void
  readonly #decoder = new StringDecoder('utf8')

  constructor(echo: (text: string) => void) {
    this.#echo = echo
  }

  type(bytes: Buffer): 'open' | 'done' | 'left' {
    for (const key of this.#decoder.write(bytes)) {
      if (key === '\r' || key === '\n') return 'done'
      if (key === '\x03' || (key === '\x04' && this.text === '')) return 'left'
      if (key === '\x7f' || key === '\b') this.text = [...this.text].slice(0, -1).join('')
      else if (key === '\x15') this.text = ''
      else {
        this.text += key
        this.#echo(key)
      }
    }
    return 'open'
  }
}
