import { chmod, open, readFile, realpath, rename, stat } from 'node:fs/promises'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'
import { formatKnownHosts, type Line, parseKnownHosts } from './known-hosts-lines.ts'
import { withLock } from './lock.ts'

/** So often ssh, which takes no lock, may append while we edit. */
const editTries = 20

/** The lines of a known_hosts file; none when there is no file. */
export async function readKnownHosts(path: string): Promise<Line[]> {
  return parseKnownHosts(await readBytes(path))
}

/** latin1, so that each byte stays what it is. */
function readBytes(path: string): Promise<string> {
  return readFile(path, 'latin1').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return ''
    throw cannot('read', path, error)
  })
}

/**
 * Replaces the lines by what `edit` makes of them: readers see the old file or the new one, mode 0600;
 * two scanners take turns, and a line that ssh appends meanwhile is not lost.
 */
export async function editKnownHosts(path: string, edit: (lines: Line[]) => Line[]): Promise<void> {
  // A link stays one.
  const file = await realpath(path).catch(() => path)
  try {
    await withLock(`${file}.lock`, async () => {
      for (let tries = 1; !(await replace(file, edit, tries === editTries)); tries++);
    })
  } catch (error) {
    throw cannot('write', file, error)
  }
}

/** False when the file has changed since it was read, unless that is the `last` try. */
async function replace(file: string, edit: (lines: Line[]) => Line[], last: boolean) {
  const before = await readBytes(file)
  const after = formatKnownHosts(edit(parseKnownHosts(before)))
  if (after === before) return true
  const unfinished = `${file}.new`
  await writeWhole(unfinished, after)
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  )
  if (size !== before.length && !last) return false
  await rename(unfinished, file)
  return true
}

async function writeWhole(path: string, text: string): Promise<void> {
  const handle = await open(path, 'w', 0o600)
  try {
    await handle.writeFile(text, 'latin1')
    // A machine that loses its power keeps the old file or the new one.
    await handle.sync()
  } finally {
    await handle.close()
  }
  // Also where a run that was killed has left it, with whatever mode.
  await chmod(path, 0o600)
}

function cannot(what: string, path: string, cause: unknown): Failure {
  return cause instanceof Failure
    ? cause
    : new Failure(`cannot ${what} ${path}: ${errorMessage(cause)}`, {
        advice: 'let XDG_STATE_HOME name a folder that you may write to',
        cause,
      })
}
