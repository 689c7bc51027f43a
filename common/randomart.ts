/**
 * The picture that ssh shows of a host key (VisualHostKey), so that people can compare a console with
 * a terminal at a glance: the walk of the drunken bishop over a board, two bits of the hash a step.
 * Drawn here and not by ssh-keygen, which works for nobody without an entry in /etc/passwd, and the
 * agent's user is made at its start.
 */
const width = 17
const height = 9
/** How often a square was visited; beyond that it stays the last of them. */
const marks = ' .o+=*BOX@%&#/^'

/** Lines of nineteen columns. `title` is at most fifteen characters: `ED25519 256`. */
export function randomart(title: string, digest: Uint8Array): string[] {
  const visits = Array.from({ length: height }, () => Array<number>(width).fill(0))
  let x = (width - 1) / 2
  let y = (height - 1) / 2
  const start = { x, y }
  for (const byte of digest)
    for (const shift of [0, 2, 4, 6]) {
      const step = byte >> shift
      // The lower bit is left or right, the upper one up or down; walls hold him back.
      x = clamp(x + (step & 1 ? 1 : -1), width)
      y = clamp(y + (step & 2 ? 1 : -1), height)
      const row = visits[y] ?? []
      row[x] = (row[x] ?? 0) + 1
    }
  const rows = visits.map((row) => row.map((count) => marks[Math.min(count, marks.length - 1)]))
  mark(rows, start, 'S')
  mark(rows, { x, y }, 'E')
  return [frame(title), ...rows.map((row) => `|${row.join('')}|`), frame('SHA256')]
}

function mark(rows: (string | undefined)[][], at: { x: number; y: number }, sign: string): void {
  const row = rows[at.y]
  if (row) row[at.x] = sign
}

function clamp(value: number, size: number): number {
  return Math.max(0, Math.min(size - 1, value))
}

function frame(title: string): string {
  const label = `[${title}]`
  const left = '-'.repeat(Math.floor((width - label.length) / 2))
  return `+${(left + label).padEnd(width, '-')}+`
}
