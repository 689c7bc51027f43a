import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { errorCode, Failure } from './failure.ts'

export interface CommandResult {
  /** Exit status; null when a signal ended the command. */
  status: number | null
  stdout: string
  stderr: string
}

/** Which package brings a command, to say what to install. */
const packageOf: Record<string, string> = {
  ip: 'iproute2',
  ping: 'iputils-ping',
  ssh: 'openssh-client',
  sshd: 'openssh-server',
  'ssh-keygen': 'openssh-client',
  'ssh-keyscan': 'openssh-client',
  agetty: 'util-linux',
  systemctl: 'systemd',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  lsblk: 'util-linux',
  blkid: 'util-linux',
  blockdev: 'util-linux',
  xz: 'xz-utils, xz',
  zstd: 'zstd',
}

/** No command we read from has more to say; a flooded neighbour table of 1,024 entries is 200 KiB of JSON. */
const maxOutputBytes = 16 * 1024 * 1024

/**
 * Environment for system commands: output in the C locale because it is parsed, and the
 * sbin folders, which Debian leaves out of a user's PATH.
 */
export function commandEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LC_ALL: 'C',
    PATH: `${process.env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`,
  }
}

/** The failure to report when `command` is not there. */
export function commandMissing(command: string, cause?: unknown): Failure {
  const name = packageOf[command]
  return new Failure(`the command '${command}' was not found on PATH`, {
    advice: name ? `install it (Debian, Fedora: ${name})` : `install ${command}`,
    cause,
  })
}

/**
 * Runs a system command, never through a shell, with `input` on its standard input, and gives what it said.
 * A non-zero status is a result; a missing command, an abort or a flood of output is an error.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  signal?: AbortSignal,
  input?: string,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    // Not `execFile`: a pipe more, that `ip` and the like leave unread, takes Node 3 ms.
    const child = spawn(command, args, {
      env: commandEnvironment(),
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      signal,
    })
    const flooded = () => {
      child.kill()
      reject(new Failure(`'${command}' said more than ${maxOutputBytes} bytes`))
    }
    const [stdout, stderr] = [child.stdout, child.stderr].map((each) => gather(each, flooded))
    child.on('error', (error) =>
      reject(errorCode(error) === 'ENOENT' ? commandMissing(command, error) : error),
    )
    child.on('close', (status) =>
      resolve({ status, stdout: stdout?.() ?? '', stderr: stderr?.() ?? '' }),
    )
    // A command that ends without reading it has said why.
    child.stdin?.on('error', () => {}).end(input)
  })
}

/** Gives the way to what has come out so far. */
function gather(stream: Readable | null, flooded: () => void): () => string {
  let said = ''
  stream?.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.length > maxOutputBytes) flooded()
  })
  return () => said
}

/** What a command complains of; usage that follows is for people at its own keyboard. */
export function firstLine(said: string): string {
  return said.trim().split('\n')[0] ?? ''
}
