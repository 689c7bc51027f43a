import type { Size } from '../print/watch.ts'

/** ECMA-48: CPL to the beginning of a line further up, EL to the end of the line, ED to the end of the screen. */
const up = (lines: number) => `\x1b[${lines}F`
const clearLine = '\x1b[K'
const clearBelow = '\x1b[J'
/** Where the terminal does not say how large it is. */
const usualSize: Size = { columns: 80, lines: 24 }

/** Whether it is a terminal that knows these sequences. */
export function isScreen({ isTTY }: NodeJS.WriteStream): boolean {
  return isTTY && process.env.TERM !== 'dumb'
}

/**
 * Lines on a terminal that the next ones take the place of, below whatever was there. The cursor
 * stays shown, on the line after them: a program that ends at any moment leaves nothing to restore.
 */
export class InPlace {
  readonly #stream: NodeJS.WriteStream
  #shown = 0
  #text = ''
  /** The shell has written since: what was there stays, and the lines go on below. */
  readonly #onContinue = () => {
    this.#shown = 0
  }

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    process.on('SIGCONT', this.#onContinue)
  }

  /** What there is room for: with more lines the first would scroll out of reach. */
  get size(): Size {
    const { columns, rows } = this.#stream
    return { columns: columns || usualSize.columns, lines: (rows || usualSize.lines) - 1 }
  }

  show(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}${clearLine}\r\n`).join('')
    if (this.#shown > 0 && text === this.#text) return
    this.#text = text
    this.#stream.write(`${this.#shown > 0 ? up(this.#shown) : ''}${text}${clearBelow}`)
    this.#shown = lines.length
  }

  /** Takes the lines away. */
  close(): void {
    process.off('SIGCONT', this.#onContinue)
    if (this.#shown > 0) this.show([])
  }
}
