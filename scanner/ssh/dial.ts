import { connect, type OnReadOpts, type Socket } from 'node:net'
import { exitStatus } from '../../common/contract.ts'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'

/**
 * RFC 8305 section 5: 250 ms is recommended between attempts, and no less than 100 ms. A machine on
 * the link answers within a millisecond, or the address is dead.
 */
const staggerMs = 100

/** Whom to connect to. */
export interface Call {
  /** Who is meant, for the error. */
  who: string
  /** Best first, with zone where one is needed. */
  addresses: readonly string[]
  port: number
}

/** Begins a connection to an address. */
export type Open = (host: string, port: number) => Socket

/**
 * Connects to the first of the addresses that answers (RFC 8305 section 5): the next one is tried
 * after a moment, or at once when one fails; those that come second are dropped. Throws a Failure
 * that says what was tried, also when the signal is aborted before.
 */
export function dial(call: Call, open: Open, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => new Race(call, open, signal, resolve, reject).begin())
}

/**
 * A connection that does not read before it is told to, stays open for sending when the peer has
 * ended, and sends small packets at once: they are somebody's keys. A peer that vanished is noticed
 * as ssh itself would (`TCPKeepAlive`).
 */
export function openPaused(onread: OnReadOpts): Open {
  return (host, port) => {
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true }
    return connect({ host, port, onread, ...options }).pause()
  }
}

class Race {
  readonly #call: Call
  readonly #open: Open
  readonly #signal: AbortSignal
  readonly #resolve: (socket: Socket) => void
  readonly #reject: (error: Failure) => void
  readonly #waiting: string[]
  /** Attempts under way, each with its address. */
  readonly #attempts = new Map<Socket, string>()
  readonly #failed: string[] = []
  readonly #giveUp = () => this.#lose()
  #timer: NodeJS.Timeout | undefined

  constructor(
    call: Call,
    open: Open,
    signal: AbortSignal,
    resolve: (socket: Socket) => void,
    reject: (error: Failure) => void,
  ) {
    this.#call = call
    this.#open = open
    this.#signal = signal
    this.#resolve = resolve
    this.#reject = reject
    this.#waiting = [...call.addresses]
  }

  begin(): void {
    this.#signal.addEventListener('abort', this.#giveUp)
    if (this.#signal.aborted) this.#lose()
    else this.#next()
  }

  #next(): void {
    clearTimeout(this.#timer)
    const host = this.#waiting.shift()
    if (host === undefined) {
      if (this.#attempts.size === 0) this.#lose()
      return
    }
    const socket = this.#open(host, this.#call.port)
    this.#attempts.set(socket, host)
    socket.once('connect', () => this.#win(socket))
    socket.on('error', (error) => this.#fail(socket, error))
    this.#timer = setTimeout(() => this.#next(), staggerMs)
  }

  #win(socket: Socket): void {
    this.#attempts.delete(socket)
    this.#end()
    this.#resolve(socket)
  }

  #fail(socket: Socket, error: Error): void {
    const host = this.#attempts.get(socket)
    if (host === undefined) return
    this.#attempts.delete(socket)
    this.#failed.push(`${host}: ${errorCode(error) ?? errorMessage(error)}`)
    this.#next()
  }

  #lose(): void {
    const silent = [...this.#attempts.values()].map((host) => `${host}: no answer`)
    this.#end()
    this.#reject(unreachable(this.#call, [...this.#failed, ...silent]))
  }

  #end(): void {
    clearTimeout(this.#timer)
    this.#signal.removeEventListener('abort', this.#giveUp)
    for (const socket of this.#attempts.keys()) socket.destroy()
    this.#attempts.clear()
  }
}

function unreachable({ who, port }: Call, tried: readonly string[]): Failure {
  const outcome = tried.length > 0 ? tried.join(', ') : 'no address was tried'
  return new Failure(`${who} was found, but there is no connection to port ${port}: ${outcome}`, {
    exitStatus: exitStatus.unreachable,
    advice: 'it may still be booting, or its firewall drops the port: try again in some seconds',
  })
}
