import { writeSync } from 'node:fs'
import type { Size } from '../print/watch.ts'

/** Another screen that leaves the shell's as it was, and no cursor in the table (xterm's private modes 1049 and 25). */
const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'
/** ECMA-48: CUP to the first place, EL to the end of the line, ED to the end of the screen. */
const home = '\x1b[H'
const clearLine = '\x1b[K'
const clearBelow = '\x1b[J'
/** Where the terminal does not say how large it is. */
const usualSize: Size = { columns: 80, lines: 24 }

/**
 * The door to a terminal that a live table is drawn on. What was there before is there again after
 * `close`, also when the program fails, is stopped with Ctrl-Z, or ends by a signal.
 */
export class Screen {
  readonly #stream: NodeJS.WriteStream
  readonly #redraw: () => void
  #open = false
  readonly #onExit = () => this.#restoreNow()
  readonly #onResize = () => this.#redraw()
  readonly #onSuspend = () => this.#suspend()
  readonly #onContinue = () => this.#continue()

  /** `redraw` is called when the terminal has another size, and when the program is continued. */
  constructor(stream: NodeJS.WriteStream, redraw: () => void) {
    this.#stream = stream
    this.#redraw = redraw
  }

  get size(): Size {
    const { columns, rows } = this.#stream
    return { columns: columns || usualSize.columns, lines: rows || usualSize.lines }
  }

  open(): void {
    this.#open = true
    this.#stream.write(enter)
    this.#stream.on('resize', this.#onResize)
    process.on('exit', this.#onExit)
    process.on('SIGTSTP', this.#onSuspend)
    process.on('SIGCONT', this.#onContinue)
  }

  /** Draws over what is there, without clearing it first: nothing flickers. */
  draw(lines: readonly string[]): void {
    if (!this.#open) return
    // A line feed in raw mode, or after the last line, would scroll: none follows the last.
    const text = lines.map((line) => `${line}${clearLine}`).join('\r\n')
    this.#stream.write(`${home}${text}${clearBelow}`)
  }

  close(): void {
    this.#stream.off('resize', this.#onResize)
    process.off('exit', this.#onExit)
    process.off('SIGTSTP', this.#onSuspend)
    process.off('SIGCONT', this.#onContinue)
    this.#restoreNow()
  }

  /** At once and whatever happens next: streams are not flushed at an exit. */
  #restoreNow(): void {
    if (!this.#open) return
    this.#open = false
    try {
      writeSync(1, leave)
    } catch {
      // The terminal is gone (SIGHUP), and with it what there was to restore.
    }
  }

  #suspend(): void {
    this.#restoreNow()
    // The listener took the signal's place; this one cannot be listened for.
    process.kill(process.pid, 'SIGSTOP')
  }

  #continue(): void {
    if (!this.#open) {
      this.#open = true
      this.#stream.write(enter)
    }
    this.#redraw()
  }
}
