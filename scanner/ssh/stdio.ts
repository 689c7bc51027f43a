import { closeSync, openSync } from 'node:fs'
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { devNull } from 'node:os'
import type { Writable } from 'node:stream'
import { errorCode } from '../../common/failure.ts'
import { type Ends, Pump } from './relay.ts'

const stdin = 0
const stdout = 1

/** Standard input as the input of a relay; a pipe or a socket is read by a pump. */
export function standardInput(): Ends['input'] {
  const pump = new Pump()
  const socket = openSocket(pump)
  if (socket === undefined) return (to) => void process.stdin.pipe(to)
  return (to) => {
    // A socketpair whose other end is gone says so by an error: that is an end as well.
    socket.once('error', () => to.end())
    pump.start(socket, to)
  }
}

/** Undefined for a file or a terminal. */
function openSocket({ onread }: Pump): Socket | undefined {
  try {
    // Node takes `onread` here as in `connect`; its types do not say so.
    const options: SocketConstructorOpts & { onread: OnReadOpts } = { fd: stdin, onread }
    return new Socket({ ...options, readable: true, writable: false }).pause()
  } catch (error) {
    if (errorCode(error) === 'ERR_INVALID_FD_TYPE') return undefined
    throw error
  }
}

/**
 * Standard output, whose reader sees its end at once: of a socket Node ends it, a pipe has to be
 * closed, which neither Node nor libuv ever does. No other file may get its number.
 */
export function standardOutput(): Writable {
  return process.stdout.once('finish', () => {
    closeSync(stdout)
    openSync(devNull, 'w')
  })
}
