import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Our folder for what outlives a run (XDG base directory specification): host keys of installers. */
export function stateFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_STATE_HOME: home } = environment
  // The specification says to ignore a relative path.
  const base = home?.startsWith('/') ? home : join(homedir(), '.local', 'state')
  return join(base, 'installer-discovery')
}

/** The scanner's own known_hosts; its folder is made, readable by the user only. */
export async function knownHostsFile(folder = stateFolder()): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return join(folder, 'known_hosts')
}

/** The name under which a machine's host key is kept, on whatever address, link and name it is reached. */
export function hostKeyAlias(id: string): string {
  return `installer-${id}`
}
