import { figureOf, isMet, type Row, type Spread, type Target } from './measure.ts'

/** The rows of one Node. */
export interface Column {
  node: string
  rows: Row[]
}

/** A row as a line for the terminal. */
export function formatLine(row: Row): string {
  const target = row.target ? `, target ${formatTarget(row.target)}${verdict(row)}` : ''
  const beside = row.peer ? ` beside ${row.peer.name}` : ''
  return `${row.what}${beside}: ${formatFigures(row)}${target}`
}

/** All rows, a column a Node, as a Markdown table. */
export function formatTable(columns: readonly Column[]): string {
  const titles = ['what', 'beside', 'target', ...columns.map(({ node }) => `Node ${node}`)]
  const keys = [...new Set(columns.flatMap(({ rows }) => rows.map(keyOf)))]
  const lines = keys.map((key) => {
    const found = columns.map(({ rows }) => rows.find((row) => keyOf(row) === key))
    const row = found.find((each) => each !== undefined)
    const cells = found.map((each) => (each ? `${formatFigures(each)}${verdict(each)}` : ''))
    return [row?.what ?? '', row?.peer?.name ?? '', formatTarget(row?.target), ...cells]
  })
  return [titles, titles.map(() => '---'), ...lines].map(formatCells).join('\n')
}

const keyOf = ({ what, peer }: Row) => `${what}\n${peer?.name ?? ''}`

function formatCells(cells: readonly string[]): string {
  return `| ${cells.map((each) => each.replaceAll('|', '\\|')).join(' | ')} |`
}

/** The figure that counts first, then what it is made of: median (min-max). */
function formatFigures(row: Row): string {
  const { ours, peer, unit, note } = row
  const parts = peer ? `${formatSpread(ours)} to ${formatSpread(peer.spread)}` : formatRange(ours)
  const shown = peer ? `${figureOf(row).toFixed(2)}: ${parts}` : `${short(ours.median)}${parts}`
  return `${shown} ${unit}${note ? `; ${note}` : ''}`
}

function formatSpread(spread: Spread): string {
  return `${short(spread.median)}${formatRange(spread)}`
}

function formatRange({ min, max }: Spread): string {
  return min === max ? '' : ` (${short(min)}-${short(max)})`
}

function formatTarget(target: Target | undefined): string {
  if (!target) return ''
  return 'most' in target ? `<= ${target.most}` : `>= ${target.least}`
}

function verdict(row: Row): string {
  const met = isMet(row)
  if (met === undefined) return ''
  return met ? ', met' : ', **missed**'
}

/** Three digits that count. */
function short(figure: number): string {
  if (Number.isInteger(figure) || figure >= 100) return figure.toFixed(0)
  return figure.toFixed(figure >= 10 ? 1 : 2)
}
