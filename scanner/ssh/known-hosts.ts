import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'

/** Our folder for what outlives a run (XDG base directory specification): host keys of installers. */
export function stateFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_STATE_HOME: home } = environment
  // The specification says to ignore a relative path.
  const base = home?.startsWith('/') ? home : join(homedir(), '.local', 'state')
  return join(base, 'installer-discovery')
}

/**
 * The scanner's own known_hosts; its folder is made, readable by the user only. Throws a Failure
 * where it cannot be made: without memory a stranger would be let in as new each time.
 */
export async function knownHostsFile(folder = stateFolder()): Promise<string> {
  try {
    await makeFolder(folder)
  } catch (cause) {
    throw new Failure(`cannot make ${folder} for the host keys: ${errorMessage(cause)}`, {
      advice: 'let XDG_STATE_HOME name a folder that you may write to',
      cause,
    })
  }
  return join(folder, 'known_hosts')
}

/** As `mkdir -p`. Node's own `recursive` never ends where the kernel has no room for folders, as below /proc. */
export async function makeFolder(path: string, parents = true): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return
    if (errorCode(error) !== 'ENOENT' || !parents) throw error
    await makeFolder(dirname(path))
    await makeFolder(path, false)
  }
}

/** The name under which a machine's host key is kept, on whatever address, link and name it is reached. */
export function hostKeyAlias(id: string): string {
  return `installer-${id}`
}
