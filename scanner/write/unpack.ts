import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { commandEnvironment, firstLine, runCommand } from '../../common/command.ts'
import { errorMessage, Failure } from '../../common/failure.ts'
import type { Packing } from './format.ts'

type Packed = Exclude<Packing, 'none'>
/** Unpacks; a program that does is ended by the signal, also while it waits. */
export type Unpack = (packed: AsyncIterable<Buffer>, signal: AbortSignal) => AsyncIterable<Buffer>

/**
 * The door to what unpacks images: zlib in Node, and the programs `xz` and `zstd`. Not Node's own zstd
 * (22.15, 23.8): it ends after the first frame, without a word. Throws a Failure that says what to install.
 */
export async function findUnpacker(packing: Packed): Promise<Unpack> {
  if (packing === 'gzip') return throughGunzip
  await runCommand(packing, ['--version'])
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

async function* throughGunzip(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unpacker = createGunzip()
  // Its failure is the unpacker's as well.
  pipeline(Readable.from(packed), unpacker).catch(() => {})
  try {
    for await (const chunk of unpacker) yield chunk as Buffer
  } catch (error) {
    throw error instanceof Failure ? error : damaged('gzip', errorMessage(error), error)
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
