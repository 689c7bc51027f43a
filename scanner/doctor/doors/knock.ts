import { once } from 'node:events'
import { connect } from 'node:net'
import { errorCode } from '../../../common/failure.ts'
import { deadline } from '../../../common/schedule.ts'

/** A machine on the link answers in milliseconds; the kernel takes three seconds to give up an address. */
const knockMs = 2000

/** How a TCP port answers: a code of the kernel's where it is neither of these. */
export type Answer = 'open' | 'refused' | 'silent' | (string & {})

/** Opens a TCP connection, and closes it. */
export async function knock(host: string, port: number, signal: AbortSignal): Promise<Answer> {
  const socket = connect({ host, port })
  const giveUp = deadline(knockMs, signal)
  try {
    await once(socket, 'connect', { signal: giveUp.signal })
    return 'open'
  } catch (error) {
    if (giveUp.signal.aborted) return 'silent'
    const code = errorCode(error) ?? 'silent'
    return code === 'ECONNREFUSED' ? 'refused' : code
  } finally {
    giveUp.clear()
    socket.destroy()
  }
}
