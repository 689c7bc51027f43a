import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, stateFolder } from '../ssh/known-hosts.ts'
import { isRunName } from './job.ts'

/** As many digits as the largest number of bytes has that JavaScript counts exactly. */
const digits = 16

/**
 * How much of the output of an install this operator has seen, kept in a file for whoever joins it again.
 * It is written with each piece that was shown, in place: also after a kill nothing is missed, and at most
 * the last piece shown twice.
 */
export class Position {
  readonly #descriptor: number
  readonly #run: string
  bytes: number

  constructor(descriptor: number, run: string, bytes: number) {
    this.#descriptor = descriptor
    this.#run = run
    this.bytes = bytes
  }

  advance(bytes: number): void {
    this.bytes += bytes
    writeSync(this.#descriptor, `${this.#run} ${String(this.bytes).padStart(digits)}\n`, 0)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** Where the operator was in a run on a machine; at its beginning, where another one was seen last. */
export async function openPosition(machineId: string, run: string): Promise<Position> {
  const folder = join(stateFolder(), 'installs')
  await makeFolder(folder)
  const descriptor = openSync(join(folder, machineId), constants.O_RDWR | constants.O_CREAT, 0o600)
  return new Position(descriptor, run, readPosition(readFileSync(descriptor, 'latin1'), run))
}

/** The number of bytes seen of this run; anything else in the file is of no use. */
export function readPosition(text: string, run: string): number {
  const [, seen = '', bytes = ''] = /^(\S+) +(\d+)\n$/.exec(text) ?? []
  return isRunName(run) && seen === run ? Number(bytes) : 0
}
