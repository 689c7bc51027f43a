import type { Machine } from '../machine.ts'
import { formatTable } from './table.ts'

/** A machine of the live table; gone ones are shown for a while. */
export interface Row {
  machine: Machine
  state: 'new' | 'changed' | 'here' | 'fading' | 'gone'
}

export interface Frame {
  rows: readonly Row[]
  /** The operator's links that are searched. */
  links: readonly string[]
  /** The first round is under way: that nothing is shown says nothing. */
  searching: boolean
  warnings: readonly string[]
}

export interface Size {
  columns: number
  lines: number
}

/** What a row's state looks like: its word, and its colour (ECMA-48 section 8.3.117, SGR). */
const looks: Record<Row['state'], { word: string; style: string }> = {
  new: { word: 'new', style: '1;32' },
  changed: { word: 'changed', style: '1' },
  here: { word: '', style: '' },
  fading: { word: 'silent', style: '2' },
  gone: { word: 'gone', style: '2' },
}
const longestWord = Math.max(...Object.values(looks).map(({ word }) => word.length))
/** Fewer columns than this cannot hold the state beside name and address. */
const leastColumns = 20

/**
 * The lines of a screen: a heading, the table, warnings. No line is wider, and there are no more of
 * them, than the terminal has room for. With `colour` they hold SGR sequences, and nothing else
 * that is not printable ASCII: whatever came off the wire, or names an interface, cannot move the cursor.
 */
export function formatFrame(frame: Frame, { columns, lines }: Size, colour: boolean): string[] {
  const cut = (line: string) => fitted(line, columns)
  const heading = cut(title(frame))
  const footer = frame.warnings.map((each) => cut(`warning: ${each}`)).slice(-3)
  const room = Math.max(1, lines - 1 - footer.length)
  const table = formatRows(frame.rows, columns, colour)
  const body = table.length <= room ? table : shortened(table, room, cut)
  return [heading, ...body, ...footer].slice(0, lines)
}

/** The table of a look that goes on, in the same room. */
export function formatSoFar(machines: readonly Machine[], { columns, lines }: Size): string[] {
  const cut = (line: string) => fitted(line, columns)
  const table = formatTable(machines, columns).trimEnd().split('\n').map(cut)
  return table.length <= lines ? table : shortened(table, lines, cut)
}

function title({ rows, links, searching }: Frame): string {
  const count = rows.filter((row) => row.state !== 'gone').length
  const what = count === 1 ? '1 installer' : `${count} installers`
  const where = links.length > 0 ? `on ${links.join(', ')}` : 'no link yet: plug in the cable'
  return `${what} ${where}${searching && count === 0 ? ', searching' : ''} (Ctrl-C ends)`
}

function formatRows(rows: readonly Row[], columns: number, colour: boolean): string[] {
  if (rows.length === 0) return []
  const besides = columns >= leastColumns ? longestWord + 2 : 0
  const machines = rows.map((row) => row.machine)
  const [head = '', ...cells] = formatTable(machines, columns - besides)
    .trimEnd()
    .split('\n')
  const put = (word: string, line: string) =>
    fitted(besides === 0 ? line : `${word.padEnd(longestWord)}  ${line}`, columns)
  return [
    put('', head),
    ...rows.map(({ state }, index) => {
      const { word, style } = looks[state]
      const line = put(word, cells[index] ?? '')
      return colour && style ? `\x1b[${style}m${line}\x1b[0m` : line
    }),
  ]
}

function shortened(
  table: readonly string[],
  room: number,
  cut: (line: string) => string,
): string[] {
  const shown = table.slice(0, room - 1)
  return [...shown, cut(`... and ${table.length - shown.length} more`)]
}

/** Printable ASCII, no wider than the terminal: each character then has the width that it is counted with. */
function fitted(line: string, columns: number): string {
  const plain = line.replace(/[^\x20-\x7e]/gu, '?')
  return plain.length <= columns ? plain : `${plain.slice(0, Math.max(0, columns - 1))}>`
}
