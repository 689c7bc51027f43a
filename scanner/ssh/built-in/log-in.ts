import type { Socket } from 'node:net'
import ssh2, { type Client } from 'ssh2'
import { errorMessage } from '../../../common/failure.ts'
import { Authentication, type Login } from './authentication.ts'
import { fits, type HeldTo, hostKeyAlgorithms, mismatch } from './host-key.ts'
import { plain } from './plain.ts'

/** How a server is met. */
export interface Meeting extends Login {
  machine: { id: string; name: string | null }
  held: HeldTo
  /** Remembers the key that the server has proved to hold, where none was known. */
  learn: (key: Buffer) => Promise<void>
  debug: ((sentence: string) => void) | undefined
  /** How often it is asked for a sign of life, in milliseconds; never where there is none. */
  aliveMs?: number | undefined
}

/** For the handshake: a live system on a slow card, which makes its keys meanwhile. */
const handshakeMs = 10_000

/**
 * Goes through the handshake with the server, which has to be the one that is remembered, and logs
 * in. Why it does not come to that, as a sentence; throws a Failure when it is another server.
 */
export function logIn(socket: Socket, meeting: Meeting): Promise<Client | string> {
  const { held, signal, user, host, say, debug } = meeting
  const authentication = new Authentication(meeting)
  const client = new ssh2.Client()
  let shown: Buffer | undefined
  let isRefused = false
  return new Promise((resolve, reject) => {
    const leave = (why: string) => {
      clearTimeout(timer)
      client.destroy()
      resolve(why)
    }
    const timer = setTimeout(() => leave(`no handshake with ${host}`), handshakeMs)
    signal.addEventListener('abort', () => leave('interrupted'))
    client.on('handshake', () => clearTimeout(timer))
    client.on('banner', (banner) => say(plain(banner).trimEnd()))
    client.on('ready', () => resolve(client))
    client.on('close', () => leave(`Connection closed by ${host}`))
    client.on('error', (error) => {
      // The next key is tried then.
      if (error.level === 'agent') return debug?.(plain(error.message))
      if (isRefused && shown) return reject(mismatch(meeting.machine, shown, held))
      if (error.level !== 'client-authentication') return leave(plain(errorMessage(error)))
      leave(`${user}@${host}: Permission denied (${plain(authentication.accepted.join())}).`)
    })
    client.connect({
      sock: socket,
      username: user,
      // Ours ends with the handshake: people may think about a password for longer.
      readyTimeout: 0,
      // The third without an answer ends it, as ServerAliveCountMax of ssh_config(5).
      keepaliveInterval: meeting.aliveMs ?? 0,
      algorithms: { serverHostKey: hostKeyAlgorithms(held) },
      hostVerifier: (key: Buffer) => {
        // Again at each new key exchange; that it holds the key is not proven yet (RFC 4253 section 8).
        shown = key
        isRefused = !fits(key, held)
        return !isRefused
      },
      // Called after the handshake, in which the key was proven: nothing was given away before.
      authHandler: (accepted, _partial, next) => {
        const known = accepted === null && shown ? meeting.learn(shown) : Promise.resolve()
        known
          .then(() => authentication.next(accepted))
          // ssh2 takes false for "none left"; its types do not say so.
          .then((way) => next(way as Exclude<typeof way, false>))
          .catch(reject)
      },
      ...(debug && { debug: (line: string) => debug(plain(line)) }),
    })
  })
}
