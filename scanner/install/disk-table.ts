import { printableWord } from '../../common/printable.ts'
import type { Mount, Volume } from './disks.ts'
import { mountsOf } from './mounts.ts'

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** A size for people: three digits are enough to tell disks apart. */
export function formatSize(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1)
  const value = bytes / 1024 ** power
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${units[power]}`
}

const columns: [string, (volume: Volume, mounts: readonly Mount[]) => string][] = [
  ['DEVICE', ({ path, depth }) => `${'  '.repeat(depth)}${path}`],
  ['SIZE', ({ bytes }) => formatSize(bytes)],
  ['CONTENT', ({ content }) => content || '-'],
  ['LABEL', ({ label, partLabel }) => label || (partLabel && `PARTLABEL=${partLabel}`) || '-'],
  [
    'MOUNTED AT',
    (volume, mounts) =>
      [...new Set(mountsOf(volume, mounts).map(({ target }) => target))].join(' ') || '-',
  ],
  ['MODEL', ({ model, depth }) => (depth === 0 && model) || '-'],
]

/** The disks of a machine and what is on them, a row each. */
export function formatDisks(volumes: readonly Volume[], mounts: readonly Mount[]): string {
  const rows = volumes.map((each) => columns.map(([, read]) => printableWord(read(each, mounts))))
  const cells = [columns.map(([title]) => title), ...rows]
  const width = (at: number) => Math.max(...cells.map((row) => row[at]?.length ?? 0))
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(width(at)))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** A volume in a sentence: `/dev/sda2 (ext4 'nixos', 20 GiB)`. */
export function volumeLine({ path, content, label, bytes }: Volume): string {
  const what = [content, label && `'${label}'`].filter(Boolean).join(' ')
  return `${path} (${[what, formatSize(bytes)].filter(Boolean).join(', ')})`
}
