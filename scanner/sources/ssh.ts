import { connect, type Socket } from 'node:net'
import type { ServerHostKeyAlgorithm } from 'ssh2'
import { withZone } from '../../common/address.ts'
import { keyFingerprint } from '../../common/advertisement.ts'
import { deadline } from '../../common/schedule.ts'
import type { Sighting, SshEvidence } from '../sighting.ts'

/** A server on the link answers in milliseconds; a slow card behind a busy CPU in seconds. */
const probeMs = 3000
/** One that has taken the connection is there: who asks for this machine has patience with a slow or busy one. */
export const patientMs = 30_000
/** The type of host key that is asked for first, and that the console shows. */
export const preferredType = 'ssh-ed25519'
/** RFC 4253 section 4.2: an identification line has at most 255 characters. */
const maxBannerBytes = 255

/**
 * Connects to a candidate and reads the server's identification; where `wantsKey` says so then, it
 * goes through the key exchange with ssh2 to see the host key, and leaves before any authentication.
 * Never throws: a machine that does not answer is evidence too. A server that has taken the connection
 * has `answerMs` milliseconds for the rest.
 */
export async function probeSsh(
  link: string,
  address: string,
  port: number,
  signal: AbortSignal,
  wantsKey: () => boolean = () => true,
  answerMs = probeMs,
): Promise<Sighting> {
  const ssh: SshEvidence = { reachable: false, banner: null, hostKeys: [] }
  const socket = open(withZone(address, link), port)
  const giveUp = deadline(answerMs, signal)
  try {
    ssh.banner = await readBanner(socket, giveUp.signal)
    ssh.reachable = ssh.banner !== null
    const key = ssh.reachable && wantsKey() ? await shakeHands(socket, giveUp.signal) : undefined
    if (key) ssh.hostKeys = [keyFingerprint(key)]
  } finally {
    giveUp.clear()
    socket.destroy()
  }
  return { source: 'ssh', link, at: Date.now(), addresses: [address], ssh }
}

/**
 * The host key that a server proves to hold, as the blob of RFC 4253 section 6.6; undefined when the
 * handshake does not come to its end. `address` is with zone where it needs one; a key of one of
 * `types` is asked for first.
 */
export async function readHostKey(
  address: string,
  port: number,
  signal: AbortSignal,
  types: readonly string[] = [],
): Promise<Buffer | undefined> {
  const socket = open(address, port)
  const giveUp = deadline(patientMs, signal)
  try {
    const banner = await readBanner(socket, giveUp.signal)
    return banner === null ? undefined : await shakeHands(socket, giveUp.signal, types)
  } finally {
    giveUp.clear()
    socket.destroy()
  }
}

/** Connects; where nobody takes the connection in time it is closed. */
function open(host: string, port: number): Socket {
  const socket = connect({ host, port })
  const untaken = setTimeout(() => socket.destroy(), probeMs)
  const clear = () => clearTimeout(untaken)
  return socket.once('connect', clear).once('close', clear)
}

/** The server's identification; null when it says none. What was read is put back for the handshake. */
async function readBanner(socket: Socket, signal: AbortSignal): Promise<string | null> {
  let bytes = Buffer.alloc(0)
  let line = -1
  await new Promise<void>((resolve) => {
    const read = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      line = bytes.indexOf('\n')
      if (line < 0 && bytes.length < maxBannerBytes) return
      socket.off('data', read).pause()
      resolve()
    }
    socket.on('data', read)
    socket.once('error', () => resolve())
    socket.once('close', () => resolve())
    signal.addEventListener('abort', () => resolve())
  })
  const end = Math.min(line < 0 ? bytes.length : line, maxBannerBytes)
  const isWhole = line >= 0 || bytes.length >= maxBannerBytes
  if (!isWhole || signal.aborted || socket.destroyed) return null
  socket.unshift(bytes)
  return cleanBanner(bytes.subarray(0, end).toString('latin1'))
}

/** The host key that the server proves to hold; undefined when the handshake does not come to its end. */
async function shakeHands(
  socket: Socket,
  signal: AbortSignal,
  types: readonly string[] = [],
): Promise<Buffer | undefined> {
  // Loaded when first needed: it costs as much start-up time as the search itself.
  const { Client } = (await import('ssh2')).default
  if (signal.aborted) return undefined
  const client = new Client()
  let shown: Buffer | undefined
  let proven: Buffer | undefined
  await new Promise<void>((resolve) => {
    const leave = () => resolve()
    signal.addEventListener('abort', leave)
    // Only now is it proven that the server has the key: anyone can show the public half of
    // another's (RFC 4253 section 8). No trust is asked for here, and none is given.
    client.on('handshake', () => {
      proven = shown
      leave()
    })
    client.on('error', leave)
    socket.once('close', leave)
    client.connect({
      sock: socket,
      username: 'scanner',
      // The signal ends it.
      readyTimeout: 0,
      algorithms: { serverHostKey: algorithmsFor(types) },
      hostVerifier: (key: Buffer) => {
        shown = key
        return true
      },
    })
  })
  client.destroy()
  return proven
}

/** Signature algorithms of each type of key; of an RSA key those of RFC 8332. ssh2 knows no others. */
const algorithms: Record<string, readonly string[]> = {
  [preferredType]: [preferredType],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
}

/** All of them in our order: what ssh2 is told to prepend stays where its own list has it. */
function algorithmsFor(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const wanted = [...types, ...Object.keys(algorithms)].flatMap((type) => algorithms[type] ?? [])
  return [...new Set(wanted)] as ServerHostKeyAlgorithm[]
}

/** The identification as printable ASCII; null when it is none (RFC 4253 section 4.2). */
export function cleanBanner(line: string): string | null {
  return line.startsWith('SSH-') ? line.replace(/[^\x20-\x7e]/g, '') : null
}
