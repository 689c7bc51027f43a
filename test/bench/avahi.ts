import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { type Namespace, runInside, untilSaid } from '../../scanner/demo/namespace.ts'

/** avahi-daemon for avahi-browse on the operator's machine; that machine has a /run of its own. */
export interface Avahi {
  /** Starts the daemon, with an empty cache; gives the way to end it. */
  start(): Promise<() => Promise<void>>
}

const configFile = '/run/avahi.conf'
/** It only browses: nothing of its own is to be probed for before it is ready. */
const lines = '[server]\\nhost-name=operator\\n[publish]\\ndisable-publishing=yes\\n'
/** RFC 6762 section 6: what an installer has just told the group, it does not tell again within a second. */
const restMs = 1100

export async function makeAvahi(operator: Namespace): Promise<Avahi> {
  await runInside(operator, 'sh', ['-c', `printf '${lines}' >${configFile}`])
  await runInside(operator, 'dbus-daemon', ['--system', '--fork', '--nopidfile', '--nosyslog'])
  const options = ['--file', configFile, '--no-drop-root', '--no-chroot', '--no-rlimits']
  return {
    async start() {
      await wait(restMs)
      const daemon = operator.start(['avahi-daemon', ...options])
      await untilSaid(daemon, /Server startup complete/)
      return async () => {
        daemon.kill('SIGKILL')
        await once(daemon, 'close')
        await runInside(operator, 'rm', ['-f', '/run/avahi-daemon/pid'])
      }
    },
  }
}
