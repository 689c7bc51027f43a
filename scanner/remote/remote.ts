import type { Readable, Writable } from 'node:stream'

/** A command that runs on the machine. */
export interface Running {
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** Its status; undefined when the connection broke, or was ended, before it was told. */
  ended: Promise<number | undefined>
}

/** A connection to a machine, over which commands run one after another or at once. */
export interface Connection {
  /** Starts a root shell that reads a script on its standard input. */
  start(): Promise<Running>
  end(): Promise<void>
}

/** How a script ended. */
export interface Ran {
  /** Undefined when the connection broke before that was told. */
  status: number | undefined
  /** Empty where `onOutput` took it. */
  stdout: string
  stderr: string
}

/** Takes what a script writes to its standard output, as it comes; nothing more comes before it is done. */
export type OnOutput = (bytes: Buffer) => Promise<void>

/** No script has more to say: disks, mounts and keys of one machine. */
const maxOutputBytes = 16 * 1024 * 1024

/** Runs a script on the machine to its end. */
export async function run(
  connection: Connection,
  script: string,
  onOutput?: OnOutput,
): Promise<Ran> {
  const { stdin, stdout, stderr, ended } = await connection.start()
  // A shell that does not start, for want of sudo, has said why.
  stdin.on('error', () => {}).end(script)
  const [status, said, complained] = await Promise.all([
    ended,
    onOutput ? pass(stdout, onOutput) : collect(stdout),
    collect(stderr),
  ])
  return { status, stdout: said, stderr: complained }
}

async function pass(from: Readable, onOutput: OnOutput): Promise<string> {
  for await (const bytes of from) await onOutput(bytes as Buffer)
  return ''
}

async function collect(from: Readable): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const bytes of from) {
    size += (bytes as Buffer).length
    // The rest is read, so that the other side comes to its end, and dropped.
    if (size <= maxOutputBytes) pieces.push(bytes as Buffer)
  }
  return Buffer.concat(pieces).toString('utf8')
}
