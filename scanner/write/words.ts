import { basename } from 'node:path'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'
import { printableWord } from '../../common/printable.ts'
import { type BlockDevice, family, type Located } from './block-devices.ts'
import type { Image } from './image.ts'
import { formatBytes } from './progress.ts'
import { refusalOf } from './refusal.ts'
import type { Place } from './target.ts'

/** How far it has come, for whoever must know what is on the medium now. */
export interface State {
  phase: 'asking' | 'writing' | 'finishing' | 'comparing'
  /** Written so far. */
  bytes: number
}

/** What is on the medium now, and what it is good for. */
export function whatIsThere({ phase, bytes }: State, path: string, { knownBytes }: Image): string {
  if (phase === 'asking') return 'nothing was written'
  if (phase === 'comparing')
    return `all ${bytes} bytes of the image are written to ${path}, but not compared to their end`
  const rest =
    knownBytes !== undefined && knownBytes > bytes ? `other ${knownBytes - bytes}` : 'rest'
  const written =
    phase === 'finishing'
      ? `all ${bytes} bytes of the image were sent to ${path}, but it has not said that it holds them`
      : `the first ${bytes} bytes of the image are written to ${path}, the ${rest} not`
  return `${written}\n${path} is unusable until an image is written to it whole`
}

/** The Failure that tells what went wrong, and what is on the medium now; a fault of ours as it is. */
export function stopped(error: unknown, state: State, path: string, image: Image): unknown {
  if (!(error instanceof Failure) && errorCode(error) === undefined) return error
  const act = state.phase === 'comparing' ? 'read back' : 'written'
  const what =
    error instanceof Failure ? error.message : `${path} cannot be ${act}: ${errorMessage(error)}`
  const advice = error instanceof Failure ? error.advice : adviceFor(errorCode(error))
  return new Failure([what, ...whatIsThere(state, path, image).split('\n')].join(`\n${indent}`), {
    ...(advice && { advice }),
    cause: error,
  })
}

/** Below the first line of a Failure, as its advice is. */
const indent = ' '.repeat('scanner: '.length)

function adviceFor(code: string | undefined): string {
  return code === 'ENOSPC'
    ? 'make room, or take a larger one'
    : 'is it still plugged in? the kernel says more: dmesg'
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
