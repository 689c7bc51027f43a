import { realpath } from 'node:fs/promises'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'
import { printable, printableWord } from '../../common/printable.ts'
import { type Console, usageFailure } from '../options.ts'
import { ask, canAsk } from '../question.ts'
import { blockDevices, removableDisks } from '../write/block-devices.ts'
import { type Image, openImage } from '../write/image.ts'
import { loopDeviceOf } from '../write/loop-devices.ts'
import { Meter } from '../write/meter.ts'
import { readPartitionTable } from '../write/partition-table.ts'
import { tooSmall } from '../write/refusal.ts'
import { writeAndCompare } from '../write/stages.ts'
import { findPlace, openTarget, type Place } from '../write/target.ts'
import {
  describePlan,
  formatDisks,
  isNameOf,
  type State,
  stopped,
  whatIsThere,
} from '../write/words.ts'

export interface WriteOptions {
  image: string
  /** As it was typed. */
  device: string
  /** Nothing is asked. */
  yes: boolean
  /** Nothing is drawn. */
  quiet: boolean
}

/** `scanner write` without a DEVICE: the removable disks; status 3 when there is none. */
export async function listDisks(console_: Console): Promise<number> {
  const disks = removableDisks(await onlyOnLinux(blockDevices))
  if (disks.length > 0) process.stdout.write(formatDisks(disks))
  else console_.say('scanner: no removable disk is plugged in')
  return disks.length > 0 ? exitStatus.done : exitStatus.nothingFound
}

/** `scanner write IMAGE DEVICE`: written, read back and compared. */
export async function write(
  options: WriteOptions,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const image = await onlyOnLinux(() => openImage(options.image))
  try {
    const place = await findPlace(options.device)
    await check(image, place, options)
    if (image.isBootable === false)
      console_.warn(`${image.path} has no boot sector: no machine boots from it`)
    if (place.device?.type === 'part')
      console_.warn(`${place.path} is a part of a disk: machines boot from whole disks`)
    return await writeTo(place, image, options, console_, signal)
  } finally {
    await image.close()
  }
}

async function onlyOnLinux<T>(act: () => Promise<T>): Promise<T> {
  if (process.platform === 'linux') return act()
  throw new Failure(`'scanner write' knows the disks of Linux, not those of ${process.platform}`, {
    advice: 'write the image with dd',
  })
}

async function check(image: Image, place: Place, { yes }: WriteOptions): Promise<void> {
  const { path, device, isNew } = place
  if (!yes && !isNew && !canAsk())
    throw usageFailure(
      `without a terminal nobody can be asked whether ${path} is meant`,
      '--yes says that it is',
    )
  if ((await realpath(image.path)) === path)
    throw new Failure(`${path} is the image itself`, { advice: 'name the disk to write it to' })
  const loop = device ? undefined : await loopDeviceOf(path)
  if (loop) throw new Failure(`${path} is not written: it is in use as ${loop}`)
  const refusal = device && tooSmall(device, image.knownBytes)
  if (refusal)
    throw new Failure(`${path} is not written: ${refusal.reason}`, { advice: refusal.advice })
}

async function writeTo(
  place: Place,
  image: Image,
  options: WriteOptions,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const state: State = { phase: 'asking', bytes: 0 }
  const target = await openTarget(place)
  const meterFor = (action: string) =>
    new Meter(action, options.quiet ? undefined : process.stderr, console_.say)
  try {
    if (!place.isNew && !options.yes && !(await isMeant(place, image, options, signal)))
      return interruption(state, place, image, signal)
    const hashes = await writeAndCompare(
      { image, place, target, state },
      meterFor,
      console_,
      signal,
    )
    process.stdout.write(hashes)
  } catch (error) {
    if (signal.aborted) return interruption(state, place, image, signal)
    throw stopped(error, state, place.path, image)
  } finally {
    await target.close()
  }
  const complaint = place.device && (await readPartitionTable(place.path))
  if (complaint)
    console_.warn(
      `the kernel still has the old partitions (${complaint}): unplug it and plug it in`,
    )
  return exitStatus.done
}

async function isMeant(
  place: Place,
  image: Image,
  { device }: WriteOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const name = printableWord(basename(place.path))
  const question = `${printable(describePlan(image, place))}\nType its name (${name}) to go on: `
  return isNameOf((await ask(question, signal)) ?? '', place, device)
}

/** Said also with --quiet: whoever pulls the stick out must know. */
function interruption(state: State, { path }: Place, image: Image, signal: AbortSignal): number {
  const name = signal.aborted ? (signal.reason as NodeJS.Signals) : undefined
  process.stderr.write(
    printable(`scanner: ${name ? 'interrupted: ' : ''}${whatIsThere(state, path, image)}\n`),
  )
  // As a shell has it for a signal.
  return name ? 128 + constants.signals[name] : exitStatus.failed
}
