import { basename } from 'node:path'
import { errorMessage, Failure } from '../../common/failure.ts'
import { printableWord } from '../../common/printable.ts'
import { type BlockDevice, family, type Located } from './block-devices.ts'
import type { Image } from './image.ts'
import { formatBytes } from './progress.ts'
import { refusalOf } from './refusal.ts'
import type { Place } from './target.ts'

/** How far it has come, for whoever must know what is on the medium now. */
export interface State {
  phase: 'asking' | 'writing' | 'comparing'
  /** Written so far. */
  bytes: number
}

/** What is on the medium now, and what it is good for. */
export function whatIsThere({ phase, bytes }: State, path: string, { knownBytes }: Image): string {
  if (phase === 'asking') return 'nothing was written'
  if (phase === 'comparing')
    return `all ${bytes} bytes of the image are written to ${path}, but not all of them are compared`
  const all = knownBytes !== undefined && knownBytes > bytes ? ` of ${knownBytes}` : ''
  const written = `the first ${bytes} bytes${all} of the image are written to ${path}, what follows them is not`
  return `${bytes === 0 ? `nothing of the image is surely on ${path}` : written}: it is unusable until an image is written to it whole`
}

/** The Failure that tells what went wrong, and what is on the medium now. */
export function stopped(error: unknown, state: State, path: string, image: Image): Failure {
  const advice = error instanceof Failure ? error.advice : undefined
  const verb = state.phase === 'writing' ? 'written' : 'read back'
  const what =
    error instanceof Failure ? error.message : `${path} cannot be ${verb}: ${errorMessage(error)}`
  return new Failure(`${what}\n${whatIsThere(state, path, image)}`, {
    advice: advice ?? 'is it still plugged in? the kernel says more: dmesg',
    cause: error,
  })
}

/** What is to be written where, before it is asked whether that is meant. */
export function describePlan(image: Image, { path, device }: Place): string {
  const packed = image.packing === 'none' ? '' : `, ${image.packing}`
  const what = `${printableWord(image.path)} (${formatBytes(image.fileBytes)}${packed})`
  const rows = device ? family(device).map(describeDevice) : [path]
  const fixed = device && !device.isRemovable ? `\n${path} is no removable disk.` : ''
  return `${what} is to be written over\n  ${rows.join('\n  ')}\nAll that is on it will be lost.${fixed}`
}

function describeDevice({ path, model, bytes, transport, content, label }: BlockDevice): string {
  const name = label && `'${label}'`
  return [path, model, formatBytes(bytes), transport, content, name].filter(Boolean).join('  ')
}

/** Whether it was the name of the place that was typed. */
export function isNameOf(answer: string, { path }: Place, typed: string): boolean {
  return [path, typed, basename(path), basename(typed)].includes(answer.trim())
}

/** The removable disks, a row each, and whether they may be written. */
export function formatDisks(disks: readonly BlockDevice[]): string {
  const rows = disks.map((device) => row({ device, disks: [device] }))
  const cells = [['DEVICE', 'SIZE', 'MODEL', 'STATE'], ...rows]
  const width = (column: number) => Math.max(...cells.map((row) => row[column]?.length ?? 0))
  return cells
    .map((row) => `${row.map((cell, at) => (at < 3 ? cell.padEnd(width(at)) : cell)).join('  ')}\n`)
    .join('')
}

function row(located: Located): string[] {
  const { path, bytes, model } = located.device
  return [path, formatBytes(bytes), model || '-', refusalOf(located)?.reason ?? 'free']
}
