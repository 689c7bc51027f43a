import { createCipheriv, createHash } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/**
 * A small TCP server on a machine of a test, with a port for each way in which a peer may behave.
 * With the word `noise` it writes what `source` sends instead.
 */
export const peerProgram = fileURLToPath(import.meta.url)

/** Bytes that no compression, no cut and no doubled block leaves as they are, the same each time. */
export function noise(bytes: number): Readable {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  const zeros = Buffer.alloc(64 * 1024)
  function* blocks() {
    for (let left = bytes; left > 0; left -= zeros.length)
      yield cipher.update(zeros.subarray(0, Math.min(left, zeros.length)))
  }
  return Readable.from(blocks())
}

/** The hash of `bytes` of noise, as sha256sum prints it. */
export async function noiseHash(bytes: number): Promise<string> {
  const hash = createHash('sha256')
  for await (const block of noise(bytes)) hash.update(block)
  return hash.digest('hex')
}

export const noiseBytes = 200 * 1000 * 1000

const lateBytes = later()

const behaviours = {
  /** Sends back what comes. */
  echo: (socket: Socket) => socket.pipe(socket),
  /** Says how much came, once all has. */
  count: (socket: Socket) => counted(socket, (count) => socket.end(String(count))),
  source: (socket: Socket) => noise(noiseBytes).pipe(socket),
  /** Says which hash all that came has. */
  sink: (socket: Socket) => {
    const hash = createHash('sha256')
    socket.on('data', (bytes) => hash.update(bytes))
    socket.on('end', () => socket.end(hash.digest('hex')))
  },
  /** Ends at once, and hears on. */
  farewell: (socket: Socket) => {
    socket.end('bye')
    counted(socket, lateBytes.tell)
  },
  /** Says how much came after the farewell. */
  report: async (socket: Socket) => socket.end(String(await lateBytes.promise)),
}

/** Where each behaviour is to be met. */
export const ports = Object.fromEntries(
  Object.keys(behaviours).map((name, index) => [name, 7001 + index]),
) as Record<keyof typeof behaviours, number>

function counted(socket: Socket, tell: (count: number) => void): void {
  let count = 0
  socket.on('data', (bytes) => {
    count += bytes.length
  })
  socket.on('end', () => tell(count))
}

function later() {
  let tell: (count: number) => void = () => {}
  const promise = new Promise<number>((resolve) => {
    tell = resolve
  })
  return { promise, tell }
}

async function serve(): Promise<void> {
  for (const [name, behave] of Object.entries(behaviours)) {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {})
      void behave(socket)
    })
    await new Promise<void>((resolve) =>
      server.listen(ports[name as keyof typeof ports], '::', resolve),
    )
  }
  process.stderr.write('listening\n')
}

if (process.argv[1] === peerProgram) {
  if (process.argv[2] === 'noise') noise(noiseBytes).pipe(process.stdout)
  else await serve()
}
