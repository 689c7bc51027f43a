import { InPlace } from '../watch/in-place.ts'
import { Pace, progressLine } from './progress.ts'

/** No eye follows more, and no terminal needs to draw more. */
const redrawMs = 100
/** So many lines a hundred percent, where there is no terminal. */
const plainLines = 10

/** Shows how far it is: one line in place on a terminal, else a line for every tenth. */
export class Meter {
  readonly #action: string
  readonly #terminal: InPlace | undefined
  readonly #say: (line: string) => void
  readonly #pace = new Pace()
  #drawnMs = Number.NEGATIVE_INFINITY
  #saidTenths = 0

  /** `say` is for lines where there is no terminal; `stream` is undefined when nothing is to be drawn. */
  constructor(action: string, stream: NodeJS.WriteStream | undefined, say: (line: string) => void) {
    this.#action = action
    this.#terminal = stream?.isTTY ? new InPlace(stream) : undefined
    this.#say = say
    this.step(0, 0)
  }

  /** `bytes` of the unpacked image are done, and this part of all that there is to do. */
  step(bytes: number, fraction: number): void {
    const sample = { atMs: performance.now(), bytes, fraction }
    this.#pace.add(sample)
    const line = (columns: number) => progressLine(this.#action, sample, this.#pace, columns)
    const tenths = Math.floor(fraction * plainLines)
    if (this.#terminal) {
      if (sample.atMs < this.#drawnMs + redrawMs) return
      this.#drawnMs = sample.atMs
      this.#terminal.show([line(this.#terminal.size.columns)])
    } else if (tenths > this.#saidTenths) {
      this.#saidTenths = tenths
      this.#say(`scanner: ${line(Number.POSITIVE_INFINITY)}`)
    }
  }

  /** Takes the line away. */
  end(): void {
    this.#terminal?.close()
  }
}
