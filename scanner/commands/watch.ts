import { exitStatus } from '../../common/contract.ts'
import type { Machine } from '../machine.ts'
import type { Console } from '../options.ts'
import { formatEvent, publicEvent } from '../print/ndjson.ts'
import { formatTable } from '../print/table.ts'
import { type Frame, formatFrame, type Row } from '../print/watch.ts'
import type { SearchOptions } from '../search.ts'
import { follow, type Situation } from '../watch/follow.ts'
import { isScreen } from '../watch/in-place.ts'
import { Screen } from '../watch/screen.ts'
import { tellLeftOut } from './find.ts'

/** A server that is not there yet is visited again after so long at the latest. */
const sshRetryMs = 30_000
/** How long a row shows that it is new, has changed, or is gone. */
const noticeMs = 5000

/** `timeoutMs` is Infinity for a watch until it is interrupted. */
export interface WatchOptions extends SearchOptions {
  ndjson: boolean
}

/**
 * `scanner find --watch`: a live table on a terminal, else, and with `--ndjson`, a line of JSON an
 * event. Ends by Ctrl-C or `--timeout`, with status 0 unless time was up and nothing there.
 */
export async function watch(
  options: WatchOptions,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  await tellLeftOut(options, console_)
  const live = isScreen(process.stdout) && !options.ndjson
  const left = live
    ? await showTable(options, signal)
    : await printEvents(options, console_, signal)
  return left.length > 0 || signal.aborted ? exitStatus.done : exitStatus.nothingFound
}

async function printEvents(
  options: WatchOptions,
  console_: Console,
  signal: AbortSignal,
): Promise<readonly Machine[]> {
  let machines: readonly Machine[] = []
  for await (const situation of follow({ ...options, sshRetryMs }, console_.warn, signal)) {
    ;({ machines } = situation)
    for (const event of situation.events)
      process.stdout.write(formatEvent(publicEvent(event, new Date())))
  }
  return machines
}

/** The live table; what it showed last is left on the terminal, to be read and copied. */
async function showTable(options: WatchOptions, signal: AbortSignal): Promise<readonly Machine[]> {
  const table = new LiveTable()
  const colour = !process.env.NO_COLOR
  const screen = new Screen(process.stdout, () => draw())
  const draw = () => screen.draw(formatFrame(table.frame(Date.now()), screen.size, colour))
  screen.open()
  // What a row tells of its state goes out by itself.
  const ticker = setInterval(draw, 1000)
  draw()
  const warn = (sentence: string) => {
    table.warnings.push(sentence)
    draw()
  }
  try {
    for await (const situation of follow({ ...options, sshRetryMs }, warn, signal)) {
      table.update(situation, Date.now())
      draw()
    }
  } finally {
    clearInterval(ticker)
    screen.close()
  }
  if (table.machines.length > 0)
    process.stdout.write(formatTable(table.machines, process.stdout.columns))
  for (const warning of table.warnings) process.stderr.write(`scanner: warning: ${warning}\n`)
  return table.machines
}

/** What the live table shows: the machines, and for how long their state is worth a word. */
export class LiveTable {
  machines: readonly Machine[] = []
  readonly warnings: string[] = []
  #situation: Situation | undefined
  /** By id: until when a row is new or changed, and which are gone. */
  readonly #notices = new Map<string, { state: 'new' | 'changed'; until: number }>()
  readonly #gone = new Map<string, { machine: Machine; until: number }>()

  update(situation: Situation, now: number): void {
    this.#situation = situation
    this.machines = situation.machines
    const until = now + noticeMs
    for (const { event, machine } of situation.events) {
      if (event === 'lost') this.#gone.set(machine.id, { machine, until })
      // What is learned of it in its first seconds is not worth another word.
      else if (event === 'found' || this.#state(machine, now) !== 'new')
        this.#notices.set(machine.id, { state: event === 'found' ? 'new' : 'changed', until })
      if (event !== 'lost') this.#gone.delete(machine.id)
    }
  }

  frame(now: number): Frame {
    for (const [id, { until }] of this.#notices) if (until <= now) this.#notices.delete(id)
    for (const [id, { until }] of this.#gone) if (until <= now) this.#gone.delete(id)
    const gone = [...this.#gone.values()].map(({ machine }): Row => ({ machine, state: 'gone' }))
    const present = this.machines.map(
      (machine): Row => ({ machine, state: this.#state(machine, now) }),
    )
    return {
      rows: [...present, ...gone],
      links: this.#situation?.links ?? [],
      searching: (this.#situation?.rounds ?? 0) === 0,
      warnings: this.warnings,
    }
  }

  #state(machine: Machine, now: number): Row['state'] {
    if (this.#situation?.fading.has(machine)) return 'fading'
    const notice = this.#notices.get(machine.id)
    return notice && notice.until > now ? notice.state : 'here'
  }
}
