import { lstatSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'
import type { Log } from '../../common/log.ts'

/**
 * The running agent's status on a Unix stream socket: whoever connects gets one JSON document and
 * the end of the stream. Everybody may ask, because it tells no more than what is announced on the
 * link and what `ip address` shows; nothing can be said to it.
 */
export const defaultStatusSocket = '/run/installer-agent/status.sock'

/** More readers at once than any machine has use for; the next one is turned away. */
const maxReaders = 16
/** Who has not taken the document by then is dropped. */
const readerTimeoutMs = 2000

export interface StatusServer {
  /** Closes the socket and removes its file. */
  close(): Promise<void>
}

/**
 * Serves what `tell` gives at the moment of asking. Replaces the socket of an agent that was killed;
 * throws a Failure when one is running. Undefined, after a warning, where no socket can be made: the
 * agent does its work without.
 */
export async function serveStatus(
  path: string,
  tell: () => object,
  log: Log,
): Promise<StatusServer | undefined> {
  const server = createServer((reader) => answer(reader, tell))
  server.maxConnections = maxReaders
  try {
    await listen(server, path).catch(async (error: unknown) => {
      if (errorCode(error) !== 'EADDRINUSE') throw error
      await removeStale(path)
      return listen(server, path)
    })
  } catch (error) {
    if (error instanceof Failure) throw error
    const advice = 'name a folder that the agent may write to: --status-socket PATH, or none'
    log.warn({ path, error: errorMessage(error), advice }, 'no status socket')
    return undefined
  }
  server.on('error', (error) => log.warn({ error: error.message }, 'status socket'))
  return { close: () => new Promise((resolve) => server.close(() => resolve())) }
}

function answer(reader: Socket, tell: () => object): void {
  // A reader that has gone, or that never read, is no concern of ours.
  reader.on('error', () => {})
  const timeout = setTimeout(() => reader.destroy(), readerTimeoutMs)
  reader.on('close', () => clearTimeout(timeout))
  reader.end(`${JSON.stringify(tell())}\n`, () => reader.destroy())
}

/** Connecting takes the right to write; the umask of the unit would leave it to the agent alone. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path, readableAll: true, writableAll: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** A killed agent leaves its socket file behind: nobody listens there. */
async function removeStale(path: string): Promise<void> {
  if (!lstatSync(path).isSocket())
    throw new Failure(`expected a socket at ${path}, or nothing, found another file`, {
      advice: 'move it away, or name another place: --status-socket PATH, or none',
    })
  if (!(await isListenedTo(path))) return unlinkSync(path)
  throw new Failure(`another installer-agent runs on this machine and serves ${path}`, {
    advice: "see 'installer-agent status'; for a second one: --status-socket PATH, or none",
  })
}

function isListenedTo(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', (error) => {
      if (errorCode(error) === 'ECONNREFUSED') resolve(false)
      else reject(error)
    })
  })
}
