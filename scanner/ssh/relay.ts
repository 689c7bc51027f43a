import type { OnReadOpts, Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'

/** A pipe holds 64 KiB; of 64, 128 and 256 KiB this took the least CPU time for 1 GB. */
const bufferBytes = 128 * 1024

/**
 * One direction: what a socket reads goes into one buffer, and from there to whoever it is for; it
 * reads on when that is written. A slow reader costs no memory, and nothing is copied.
 */
export class Pump {
  /** For the socket that is to be read, which has to be paused until `start`. */
  readonly onread: OnReadOpts
  #from: Socket | undefined
  #to: Writable | undefined
  #waits = false

  constructor() {
    const buffer = Buffer.allocUnsafeSlow(bufferBytes)
    this.onread = { buffer, callback: (length) => this.#pass(buffer.subarray(0, length)) }
  }

  /** Passes on what is read until the end, and then the end. */
  start(from: Socket, to: Writable): void {
    this.#from = from
    this.#to = to
    from.once('end', () => to.end())
    from.resume()
  }

  /** Whether to read on: what is written at once leaves the buffer free. */
  #pass(bytes: Buffer): boolean {
    this.#to?.write(bytes, () => this.#written())
    this.#waits = this.#to?.writableLength !== 0
    return !this.#waits
  }

  #written(): void {
    if (!this.#waits || this.#to?.writableLength !== 0) return
    this.#waits = false
    this.#from?.resume()
  }
}

/** What is relayed: our own two ends, and the connection with the pump that it was opened for. */
export interface Ends {
  /** Begins to send what comes in, to its end. */
  input: (to: Writable) => void
  output: Writable
  connection: Socket
  answers: Pump
}

/**
 * Relays both ways, each to its own end: the input's is a FIN to the peer, whose answers still come;
 * the peer's FIN ends the output, and the input is still sent. Resolves when both are over and
 * written, when nobody reads the output any more, or when the signal is aborted. Throws a Failure
 * when the connection breaks, once all that came before is written.
 */
export async function relay(
  { input, output, connection, answers }: Ends,
  signal: AbortSignal,
): Promise<void> {
  const over = ended(output, connection, signal)
  answers.start(connection, output)
  input(connection)
  try {
    await over
  } finally {
    connection.destroy()
  }
}

function ended(output: Writable, connection: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let directions = 2
    let failure: Failure | undefined
    const settle = () => (failure ? reject(failure) : resolve())
    const oneEnded = () => {
      directions -= 1
      if (directions === 0) settle()
    }
    output.once('finish', oneEnded)
    connection.once('finish', oneEnded)
    output.once('error', () => resolve())
    connection.once('error', (error) => {
      // Whoever has said all and left does not hear our last words: nothing for us is lost.
      if (!connection.readableEnded) failure = broken(error)
      output.end(settle)
    })
    signal.addEventListener('abort', () => resolve())
    if (signal.aborted) resolve()
  })
}

function broken(error: Error): Failure {
  const reason = errorCode(error) ?? errorMessage(error)
  return new Failure(`the connection broke: ${reason}`, { cause: error })
}
