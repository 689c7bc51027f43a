import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { exitStatus } from '../../common/contract.ts'
import { errorCode, Failure } from '../../common/failure.ts'
import type { Errand } from '../ssh/built-in.ts'
import { sshCommandLine } from '../ssh/target.ts'
import type { Connection } from './remote.ts'
import { rootShell } from './script.ts'

/** ssh(1), EXIT STATUS: an error of ssh itself. None of our scripts ends so. */
const sshFailed = 255
/** A pulled cable is noticed within 15 s: a person waits no longer before looking for the reason. */
const alive = ['-o', 'ServerAliveInterval=5', '-o', 'ServerAliveCountMax=3']
/** Whatever the user has for shells on this host: no terminal, no command, no forwarding of ports. */
const bare = ['-T', '-o', 'RemoteCommand=none', '-o', 'ClearAllForwardings=yes']
/** What the first command says when it runs there: from then on others can share its connection. */
const greeting = 'installer-discovery: connected'

/**
 * One connection of OpenSSH, which all commands share (ControlMaster in ssh_config(5)): it logs in, and
 * asks on the terminal, once. It ends with this process, by a kill too: its first command on the machine
 * is a `cat` at the end of our pipe. Undefined where there is no ssh, and on Windows, whose ssh shares
 * nothing. Throws a Failure when no connection comes about; ssh has said why.
 */
export async function openSharedSsh(errand: Errand): Promise<Connection | undefined> {
  if (process.platform === 'win32') return undefined
  // For the user only (mkdtemp(3)).
  const folder = await mkdtemp(join(process.env.XDG_RUNTIME_DIR || tmpdir(), 'scanner-'))
  const socket = join(folder, 'ssh')
  const own = ['-M', '-S', socket, '-o', 'ControlPersist=no', ...bare]
  const first = spawn('ssh', wordsFor(errand, own, `echo '${greeting}'; exec cat`), {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const end = async () => {
    await kill(first)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    if (!(await hasGreeted(first))) throw notConnected(errand)
  } catch (error) {
    await end()
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
  return { start: async () => startSharing(errand, socket), end }
}

function startSharing(errand: Errand, socket: string) {
  // Without the socket ssh would open a connection of its own: that has to fail.
  const shared = ['-S', socket, '-o', 'ControlMaster=no', '-o', 'ProxyCommand=false', ...bare]
  const child = spawn('ssh', wordsFor(errand, shared, rootShell), {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close').then(([status]: (number | null)[]) =>
    status === null || status === sshFailed ? undefined : status,
  )
  return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, ended }
}

function wordsFor({ machine, typed, knownHosts, newKeys }: Errand, own: string[], command: string) {
  // ssh takes the first value that it is given of each option.
  const options = [...own, ...typed.options, ...alive]
  return sshCommandLine(machine, { ...typed, options, command: [command] }, knownHosts, newKeys)
}

/** False when it ends before; a shell there may say more than that as it starts. */
async function hasGreeted(child: ChildProcess & { stdout: Readable }): Promise<boolean> {
  const failed = once(child, 'error').then(([error]) => Promise.reject(error))
  const greeted = async () => {
    for await (const line of createInterface({ input: child.stdout }))
      if (line === greeting) return true
    return false
  }
  return Promise.race([failed, greeted()])
}

async function kill(child: ChildProcess): Promise<void> {
  const isOver = child.pid === undefined || child.exitCode !== null || child.signalCode !== null
  if (isOver) return
  child.kill()
  await once(child, 'close')
}

function notConnected({ machine }: Errand): Failure {
  return new Failure(`ssh has no connection to ${machine.name ?? machine.id}`, {
    exitStatus: exitStatus.unreachable,
    advice: 'ssh has said why; --identity FILE and --ssh-option NAME=VALUE go to it',
  })
}
