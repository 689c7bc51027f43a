import { once } from 'node:events'
import { watch } from 'node:fs'
import { link, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode, Failure } from '../../common/failure.ts'
import { deadline } from '../../common/schedule.ts'

/** Whoever holds the lock reads and writes some kilobytes; more than this long is a process that hangs. */
const lockMs = 5000

/**
 * Changes a text file, mode 0600, as a whole: whoever reads it sees the old or the new text, and two
 * programs that change it do so one after the other. A file that is not there is empty; nothing is
 * written when nothing changes. Throws a Failure when another keeps the lock.
 */
export async function changeFile(path: string, change: (text: string) => string): Promise<void> {
  const lock = `${path}.lock`
  await acquire(lock)
  try {
    const before = await readText(path)
    const after = change(before)
    if (after !== before) await replace(path, after)
  } finally {
    await rm(lock, { force: true })
  }
}

/** The file's text; empty when there is none. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  }
}

async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.${process.pid}.new`
  try {
    const file = await open(fresh, 'w', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
}

async function acquire(lock: string): Promise<void> {
  const giveUp = deadline(lockMs, new AbortController().signal)
  try {
    while (!(await take(lock))) await released(lock, giveUp.signal)
  } finally {
    giveUp.clear()
  }
}

/** Makes the lock, which holds our pid; false when another has it. One whose owner is gone is removed. */
async function take(lock: string): Promise<boolean> {
  const mine = `${lock}.${process.pid}`
  // Linked when it is written: nobody sees a lock without its owner.
  await writeFile(mine, `${process.pid}\n`, { mode: 0o600 })
  try {
    await link(mine, lock)
    return true
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    await rm(mine, { force: true })
  }
  const owner = Number(await readText(lock))
  if (owner > 0 && !isRunning(owner)) await rm(lock, { force: true })
  return false
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) !== 'ESRCH'
  }
}

/** Resolves when something changes beside the lock, which may be that it is gone. */
async function released(lock: string, signal: AbortSignal): Promise<void> {
  const watcher = watch(dirname(lock))
  try {
    const changed = once(watcher, 'change', { signal })
    // It may have gone before the watch began.
    if ((await readText(lock)) !== '') await changed
    else changed.catch(() => {})
  } catch (error) {
    if (!signal.aborted) throw error
    throw new Failure(`${lock} is kept by another program since ${lockMs / 1000} s`, {
      advice: 'when no scanner runs, remove it',
    })
  } finally {
    watcher.close()
  }
}
