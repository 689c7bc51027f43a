import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { commandEnvironment, commandMissing, runCommand } from '../../common/command.ts'
import { errorCode, Failure } from '../../common/failure.ts'

/** Set in the environment of a process that is in a world of its own already. */
const marker = 'INSTALLER_DISCOVERY_WORLD'

export function isInWorld(): boolean {
  return process.env[marker] !== undefined
}

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/**
 * Runs a program of ours in network, mount and process namespaces of its own, rootless by a user
 * namespace that keeps the present user. When the program ends, for whatever reason, the kernel ends
 * every process that it started and takes its links away: nothing is left behind. Gives its status.
 * Throws a Failure when the system does not allow it.
 */
export async function runInWorld(program: string, args: readonly string[]): Promise<number> {
  const namespaces = [
    ...userNamespace(),
    '--net',
    '--mount',
    '--pid',
    '--fork',
    '--mount-proc',
    '--kill-child',
  ]
  await checkAllowed(namespaces)
  return new Promise((resolve, reject) => {
    const child = spawn('unshare', [...namespaces, '--', process.execPath, program, ...args], {
      stdio: 'inherit',
      env: { ...commandEnvironment(), [marker]: '1' },
    })
    // The terminal tells both of us; the one inside cleans up, and we wait for it.
    const wait = () => {}
    const pass = (signal: NodeJS.Signals) => child.kill(signal)
    process.on('SIGINT', wait).on('SIGTERM', pass).on('SIGHUP', pass)
    child.on('error', (error) =>
      reject(errorCode(error) === 'ENOENT' ? commandMissing('unshare', error) : error),
    )
    child.on('close', (status, signal) => {
      process.off('SIGINT', wait).off('SIGTERM', pass).off('SIGHUP', pass)
      resolve(status ?? 128 + (signal ? constants.signals[signal] : 0))
    })
  })
}

/** Root has what it takes; anybody else becomes able within a user namespace, under the same name. */
function userNamespace(): string[] {
  return isRoot() ? [] : ['--user', '--map-current-user', '--keep-caps']
}

async function checkAllowed(namespaces: readonly string[]): Promise<void> {
  const { status, stderr } = await runCommand('unshare', [...namespaces, '--', 'true'])
  if (status === 0) return
  throw new Failure(`the system allows no namespaces of one's own: ${stderr.trim()}`, {
    advice: isRoot()
      ? 'run it where CAP_SYS_ADMIN is not taken away (a container needs --privileged)'
      : 'run it as root: sudo npm start (or allow it: sysctl kernel.apparmor_restrict_unprivileged_userns=0)',
  })
}
