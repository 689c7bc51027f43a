import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as zlib from 'node:zlib'
import { commandEnvironment, firstLine, runCommand } from '../../common/command.ts'
import { errorMessage, Failure } from '../../common/failure.ts'
import type { Packing } from './format.ts'

type Packed = Exclude<Packing, 'none'>
/** Unpacks; a program that does is ended by the signal, also while it waits. */
export type Unpack = (packed: AsyncIterable<Buffer>, signal: AbortSignal) => AsyncIterable<Buffer>

/**
 * The door to what unpacks images: zlib in Node, the programs `xz` and `zstd`, and Node's own zstd
 * (22.15, 23.8) where there is no such program. Throws a Failure that says what to install.
 */
export async function findUnpacker(packing: Packed): Promise<Unpack> {
  if (packing === 'gzip') return (packed) => throughNode(packed, zlib.createGunzip(), packing)
  try {
    await runCommand(packing, ['--version'])
  } catch (error) {
    const create = packing === 'zstd' ? nodeZstd() : undefined
    if (!create) throw error
    return (packed) => throughNode(packed, create(), packing)
  }
  return (packed, signal) => throughProgram(packed, packing, signal)
}

/** The unpacked size in bytes that the index of an .xz file tells; a Failure when the file is not whole. */
export async function xzContentBytes(path: string): Promise<number> {
  const { status, stdout, stderr } = await runCommand('xz', ['--robot', '--list', '--', path])
  // xz(1), "Robot mode": totals, streams, blocks, packed bytes, unpacked bytes.
  const total = /^totals\t\d+\t\d+\t\d+\t(\d+)\t/m.exec(stdout)?.[1]
  if (status === 0 && total !== undefined) return Number(total)
  throw damaged('xz', firstLine(stderr))
}

function nodeZstd(): (() => NodeJS.ReadWriteStream) | undefined {
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress')
  return typeof create === 'function' ? () => create() as NodeJS.ReadWriteStream : undefined
}

async function* throughNode(
  packed: AsyncIterable<Buffer>,
  unpacker: NodeJS.ReadWriteStream,
  packing: Packed,
): AsyncGenerator<Buffer> {
  // Its failure is the unpacker's as well.
  pipeline(Readable.from(packed), unpacker).catch(() => {})
  try {
    for await (const chunk of unpacker) yield chunk as Buffer
  } catch (error) {
    throw error instanceof Failure ? error : damaged(packing, errorMessage(error), error)
  }
}

async function* throughProgram(
  packed: AsyncIterable<Buffer>,
  program: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const child = spawn(program, ['-dc'], { env: commandEnvironment(), signal })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  child.on('error', (error) => {
    complaint = error.message
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const fed = pipeline(Readable.from(packed), child.stdin).catch((error: unknown) => error)
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer
    const status = await ended
    const error = await fed
    // Any other is that the program reads no more, and it has said why.
    if (error instanceof Failure) throw error
    if (status !== 0) throw damaged(program, firstLine(complaint))
  } finally {
    child.kill('SIGKILL')
  }
}

function damaged(packing: string, said: string, cause?: unknown): Failure {
  return new Failure(`the image is damaged: ${packing} says '${said}'`, {
    advice: 'download it once more',
    cause,
  })
}
