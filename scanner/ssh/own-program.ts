import { readFile, realpath, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { OwnProgram } from './config-block.ts'

/** The name under which the package installs this program. */
const name = 'scanner'
/** A wrapper that a package manager makes is a line or a page. */
const maxWrapperBytes = 64 * 1024

/**
 * How another program starts this one: by its name where PATH leads here, so that an update is
 * followed; else by the absolute paths of Node and of the script.
 */
export async function ownProgram(
  script: string,
  path = process.env.PATH ?? '',
): Promise<OwnProgram> {
  const own = await realpath(script)
  for (const folder of path.split(delimiter)) {
    const found = join(folder, name)
    if (!folder.startsWith('/') || !(await isProgram(found))) continue
    return { words: (await leadsTo(found, own)) ? [name] : [process.execPath, own] }
  }
  return { words: [process.execPath, own] }
}

async function isProgram(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile() && (stats.mode & 0o111) !== 0,
    () => false,
  )
}

/** A link to the script, or a wrapper that names it, as nixpkgs makes them. */
async function leadsTo(path: string, script: string): Promise<boolean> {
  if ((await realpath(path)) === script) return true
  if ((await stat(path)).size > maxWrapperBytes) return false
  return (await readFile(path, 'latin1')).includes(script)
}
