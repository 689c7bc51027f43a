import { chmod, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'
import { sleep } from '../../common/schedule.ts'
import { formatKnownHosts, type Line, parseKnownHosts } from './known-hosts-lines.ts'

/** An edit takes milliseconds: a lock this old was left by a program that was killed. */
const staleLockMs = 10_000
const lockRetryMs = 20
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
  const lock = `${file}.lock`
  await takeLock(lock)
  try {
    for (let tries = 1; !(await replace(file, edit, tries === editTries)); tries++);
  } catch (error) {
    throw cannot('write', file, error)
  } finally {
    await rm(lock, { force: true })
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

async function takeLock(lock: string): Promise<void> {
  for (let waitedMs = 0; !(await makeLock(lock)); waitedMs += lockRetryMs) {
    const found = await stat(lock).catch(() => undefined)
    // By our own patience too: whoever sets the clock back makes a lock of the future.
    const isStale = waitedMs > staleLockMs || (found && Date.now() - found.mtimeMs > staleLockMs)
    if (isStale) await rm(lock, { force: true })
    else await sleep(lockRetryMs)
  }
}

async function makeLock(lock: string): Promise<boolean> {
  try {
    await (await open(lock, 'wx', 0o600)).close()
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw cannot('write', lock, error)
  }
}

function cannot(what: string, path: string, cause: unknown): Failure {
  return cause instanceof Failure
    ? cause
    : new Failure(`cannot ${what} ${path}: ${errorMessage(cause)}`, {
        advice: 'let XDG_STATE_HOME name a folder that you may write to',
        cause,
      })
}
