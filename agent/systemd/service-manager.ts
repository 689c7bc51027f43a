import { writeSync } from 'node:fs'
import { errorMessage } from '../../common/failure.ts'
import type { Log } from '../../common/log.ts'

/** What the agent tells whoever manages it (sd_notify(3)). */
export interface ServiceManager {
  /** Serves these links; the first time it says that the agent is ready as well. */
  serves(links: readonly string[]): void
  stops(): void
}

/** The socket is systemd's, connected; without one nobody is told. */
export function serviceManager(
  socket: number | undefined,
  log: Log,
  environment: NodeJS.ProcessEnv = process.env,
): ServiceManager {
  if (socket === undefined) {
    if (environment.NOTIFY_SOCKET)
      log.warn({ advice }, 'systemd waits to be told that we are ready')
    return { serves() {}, stops() {} }
  }
  let said = ''
  const tell = (message: string) => {
    if (message === said) return
    said = message
    try {
      writeSync(socket, message)
    } catch (error) {
      log.warn({ error: errorMessage(error) }, 'could not tell systemd how we are')
    }
  }
  return {
    serves: (links) => tell(`READY=1\nSTATUS=${statusLine(links)}`),
    stops: () => tell('STOPPING=1'),
  }
}

const advice =
  'the unit needs OpenFile=/run/systemd/notify:notify, or Type=exec (installer-agent unit)'

function statusLine(links: readonly string[]): string {
  return links.length > 0 ? `serves ${links.join(', ')}` : 'waits for a link with a carrier'
}
