import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { userName } from '../../common/advertisement.ts'
import { runCommand } from '../../common/command.ts'
import { makeKeyPair } from '../../common/ssh-keygen.ts'
import { ownFile } from '../own-files.ts'
import { type Namespace, runInside, untilSaid } from './namespace.ts'
import { isRoot } from './world.ts'

/** The programs of this package, as they lie beside this file once compiled. */
export const agentProgram = ownFile('agent/main.js')
const serverProgram = ownFile('scanner/demo/ssh-server.js')

type Program = ReturnType<Namespace['start']>

/** Keys of an installer that lives in a folder. */
export interface InstallerFiles {
  folder: string
  /** The operator's private key, which the installer lets in. */
  identity: string
  /** A certificate of the host key that sshd shows. */
  certificate?: string
}

/** Makes a host key and an operator's key with ssh-keygen. */
export async function makeKeys(folder: string): Promise<InstallerFiles> {
  const hostKey = join(folder, 'ssh_host_ed25519_key')
  const identity = join(folder, 'operator_key')
  for (const path of [hostKey, identity]) await makeKeyPair(path, 'demo')
  return { folder, identity }
}

/** Starts the real agent and waits until it has announced the static address, the last to pass DAD; throws a Failure when it ends before. */
export async function startAgent(
  namespace: Namespace,
  { folder }: InstallerFiles,
  extra: readonly string[] = [],
): Promise<ChildProcess> {
  // Machines may share a /run: each agent serves its status where it is told, or nowhere.
  const socket = extra.includes('--status-socket') ? [] : ['--status-socket', 'none']
  const own = ['--host-keys', folder, '--user', userInfo().username, ...socket]
  const args = ['run', ...own, ...extra]
  const agent = namespace.start([process.execPath, agentProgram, ...args])
  await untilSaid(agent, /"IPv6".*fe80::47.*announced/)
  return agent
}

/** Ends a program with SIGTERM and waits for it. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'close')
}

/** Why OpenSSH's own server cannot serve the present user here; undefined when it can. */
export async function whyNoSshd(): Promise<string | undefined> {
  const { username, shell } = userInfo()
  if (!userName.test(username)) return `'${username}' is no name to log in with`
  if (/(nologin|false)$/.test(shell ?? '')) return `${username} has no login shell`
  if (isRoot() && isLocked(username)) return `the account ${username} is locked`
  const { status } = await runCommand('sh', ['-c', 'command -v sshd'])
  return status === 0 ? undefined : 'openssh-server is not installed'
}

/** sshd without PAM lets nobody into an account whose password field begins with `!` (shadow(5)). */
function isLocked(name: string): boolean {
  const entry = readFileSync('/etc/shadow', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
  return entry?.split(':')[1]?.startsWith('!') ?? false
}

/** Starts sshd, or ssh2's server where sshd cannot run, on port 22 of the namespace; says which. */
export async function startSshServer(namespace: Namespace, files: InstallerFiles): Promise<string> {
  const reason = await whyNoSshd()
  const server = reason ? ssh2Server(namespace, files) : await sshd(namespace, files)
  // Both say so on stderr once port 22 is open.
  await untilSaid(server, /listening/i)
  return reason ? `ssh2's server, because ${reason}` : 'sshd'
}

async function sshd(namespace: Namespace, files: InstallerFiles): Promise<Program> {
  const { folder, identity, certificate } = files
  const config = join(folder, 'sshd_config')
  const settings = [
    `HostKey "${join(folder, 'ssh_host_ed25519_key')}"`,
    ...(certificate ? [`HostCertificate "${certificate}"`] : []),
    `AuthorizedKeysFile "${identity}.pub"`,
    'AuthenticationMethods publickey',
    'PermitRootLogin prohibit-password',
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
    'PrintMotd no',
    // scp speaks it as well since OpenSSH 9.0; this one is no program whose path differs.
    'Subsystem sftp internal-sftp',
  ]
  await writeFile(config, `${settings.join('\n')}\n`)
  // sshd starts itself again for each connection, so it wants its own absolute path.
  const path = (await runInside(namespace, 'sh', ['-c', 'command -v sshd'])).trim()
  return namespace.start([path, '-D', '-e', '-f', config])
}

function ssh2Server(namespace: Namespace, { folder, identity }: InstallerFiles): Program {
  const hostKey = join(folder, 'ssh_host_ed25519_key')
  return namespace.start([process.execPath, serverProgram, hostKey, `${identity}.pub`])
}
