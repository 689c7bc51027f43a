import { connect } from 'node:net'
import { withZone } from '../../common/address.ts'
import { keyFingerprint } from '../../common/advertisement.ts'
import { deadline } from '../../common/schedule.ts'
import type { Sighting, SshEvidence } from '../sighting.ts'

/** A server on the link answers in milliseconds; a slow card behind a busy CPU in seconds. */
const probeMs = 3000
/** RFC 4253 section 4.2: an identification line has at most 255 characters. */
const maxBannerBytes = 255

/**
 * Connects to a candidate, reads the server's identification and goes through the key exchange with
 * ssh2 to see the host key; then leaves, before any authentication. Never throws: a machine that
 * does not answer is evidence too.
 */
export async function probeSsh(
  link: string,
  address: string,
  port: number,
  signal: AbortSignal,
): Promise<Sighting> {
  const ssh = await shakeHands(withZone(address, link), port, signal)
  return { source: 'ssh', link, at: Date.now(), addresses: [address], ssh }
}

async function shakeHands(host: string, port: number, signal: AbortSignal): Promise<SshEvidence> {
  const evidence: SshEvidence = { reachable: false, banner: null, hostKeys: [] }
  // Loaded when first needed: it costs as much start-up time as the search itself.
  const { Client } = (await import('ssh2')).default
  if (signal.aborted) return evidence
  await new Promise<void>((resolve) => {
    const socket = connect({ host, port })
    const client = new Client()
    const giveUp = deadline(probeMs, signal)
    const leave = () => {
      giveUp.clear()
      client.destroy()
      socket.destroy()
      resolve()
    }
    giveUp.signal.addEventListener('abort', leave)
    let shown: string[] = []
    // Only now is it proven that the server has the key: anyone can show the public half of
    // another's (RFC 4253 section 8). No trust is asked for here, and none is given.
    client.on('handshake', () => {
      evidence.hostKeys = shown
      leave()
    })
    client.on('error', leave)
    socket.on('error', leave)
    socket.once('close', leave)
    socket.once('connect', () => {
      readBanner(socket, (banner) => {
        evidence.reachable = banner !== null
        evidence.banner = banner
      })
      client.connect({
        sock: socket,
        username: 'scanner',
        readyTimeout: probeMs,
        algorithms: { serverHostKey: { prepend: ['ssh-ed25519'], append: [], remove: [] } },
        hostVerifier: (key: Buffer) => {
          shown = [keyFingerprint(key)]
          return true
        },
      })
    })
  })
  return evidence
}

function readBanner(socket: ReturnType<typeof connect>, done: (banner: string | null) => void) {
  let bytes = Buffer.alloc(0)
  const read = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]).subarray(0, maxBannerBytes)
    const end = bytes.indexOf('\n')
    if (end < 0 && bytes.length < maxBannerBytes) return
    socket.off('data', read)
    done(cleanBanner(bytes.subarray(0, end < 0 ? bytes.length : end).toString('latin1')))
  }
  socket.on('data', read)
}

/** The identification as printable ASCII; null when it is none (RFC 4253 section 4.2). */
export function cleanBanner(line: string): string | null {
  return line.startsWith('SSH-') ? line.replace(/[^\x20-\x7e]/g, '') : null
}
