const esc = '\x1b'
const token = new RegExp(`${esc}\\[([?\\d;]*)([A-Za-z])|[^]`, 'gu')
const unfinished = new RegExp(`${esc}(?:\\[[?\\d;]*)?$`)

/** What may be in nothing that is said: controls but newline, and what reorders, hides or joins text. */
export const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/u

/**
 * A terminal that knows no more control sequences than the live table may use (ECMA-48, xterm's
 * private modes), and throws at any other: what a program writes, as a person sees it.
 */
export class FakeTerminal {
  readonly #columns: () => number
  #main: string[] = ['']
  #alternate: string[] | undefined
  #row = 0
  #column = 0
  #unfinished = ''
  cursorShown = true

  constructor(columns: () => number) {
    this.#columns = columns
  }

  get inAlternate(): boolean {
    return this.#alternate !== undefined
  }

  /** The lines of the screen that is shown. */
  get lines(): string[] {
    return (this.#alternate ?? this.#main).map((line) => line.trimEnd())
  }

  write(text: string): void {
    const all = this.#unfinished + text
    // A sequence may come in two pieces.
    this.#unfinished = unfinished.exec(all)?.[0] ?? ''
    const whole = all.slice(0, all.length - this.#unfinished.length)
    for (const [each, parameters, final] of whole.matchAll(token)) {
      if (final !== undefined) this.#control(`${parameters}${final}`)
      else if (each === '\r') this.#column = 0
      else if (each === '\n') this.#lineFeed()
      else if (/[\x20-\x7e]/.test(each)) this.#print(each)
      else throw new Error(`no terminal should get ${JSON.stringify(each)}`)
    }
  }

  #control(sequence: string): void {
    const screen = this.#screen()
    const line = screen[this.#row] ?? ''
    if (/^[\d;]*m$/.test(sequence)) return
    if (sequence === '?25l') this.cursorShown = false
    else if (sequence === '?25h') this.cursorShown = true
    else if (sequence === '?1049h') this.#alternate = ['']
    else if (sequence === '?1049l') this.#alternate = undefined
    else if (/^\d+F$/.test(sequence)) {
      this.#row = Math.max(0, this.#row - Number.parseInt(sequence, 10))
      this.#column = 0
    } else if (sequence === 'H') this.#row = this.#column = 0
    else if (sequence === 'K') screen[this.#row] = line.slice(0, this.#column)
    else if (sequence === 'J') {
      screen[this.#row] = line.slice(0, this.#column)
      screen.splice(this.#row + 1)
    } else throw new Error(`no terminal should get the sequence ${sequence}`)
    if (sequence.startsWith('?1049')) {
      this.#row = this.#screen().length - 1
      this.#column = 0
    }
  }

  #screen(): string[] {
    return this.#alternate ?? this.#main
  }

  #lineFeed(): void {
    this.#row++
    const screen = this.#screen()
    while (screen.length <= this.#row) screen.push('')
  }

  #print(character: string): void {
    const screen = this.#screen()
    if (this.#column >= this.#columns()) {
      this.#lineFeed()
      this.#column = 0
    }
    const line = (screen[this.#row] ?? '').padEnd(this.#column)
    screen[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1)
    this.#column++
  }
}
