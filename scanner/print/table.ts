import type { Machine } from '../machine.ts'

/** A column of the table; the last ones are left out where the terminal is too narrow for all. */
const columns: [string, (machine: Machine) => string][] = [
  ['NAME', (machine) => machine.name ?? '-'],
  ['TARGET', (machine) => machine.target],
  ['MAC', (machine) => list(machine.links.map((link) => link.mac ?? '-'))],
  ['SSH', (machine) => (machine.ssh.reachable ? 'yes' : visited(machine) ? 'no' : '-')],
  ['SYSTEM', (machine) => machine.agent?.os ?? software(machine)],
  ['FOUND BY', (machine) => machine.sources.join(' ')],
]

/** One row a machine. `width` in columns; undefined, as for a pipe, leaves nothing out. */
export function formatTable(machines: readonly Machine[], width: number | undefined): string {
  const cells = [columns.map(([title]) => title)]
  for (const machine of machines) cells.push(columns.map(([, read]) => read(machine)))
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)))
  const shown = fitting(widths, width)
  const line = (row: string[]) =>
    row
      .slice(0, shown)
      .map((cell, index) => (index === shown - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
  return cells.map((row) => `${line(row)}\n`).join('')
}

/** How many columns fit; name and target are always shown, for they are what one came for. */
function fitting(widths: readonly number[], width: number | undefined): number {
  let shown = widths.length
  const needed = () => widths.slice(0, shown).reduce((sum, each) => sum + each + 2, -2)
  while (width !== undefined && shown > 2 && needed() > width) shown--
  return shown
}

function list(values: readonly string[]): string {
  return [...new Set(values)].join(',')
}

/** `OpenSSH_9.2p1` from the server's identification, for a machine that does not say what it is. */
function software({ ssh }: Machine): string {
  return ssh.banner?.split(/[- ]/)[2] ?? '-'
}

/** Whether its ssh server has been asked for; until then there is nothing to say of it. */
function visited({ sources }: Machine): boolean {
  return sources.includes('ssh')
}
