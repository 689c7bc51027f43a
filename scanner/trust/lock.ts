import { once } from 'node:events'
import { watch } from 'node:fs'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode, Failure } from '../../common/failure.ts'
import { deadline } from '../../common/schedule.ts'

/** Whoever holds the lock reads and writes some kilobytes; more than this long is a process that hangs. */
const lockMs = 5000

/**
 * Does something while no other program of ours does it: those that want the same lock take turns.
 * Throws a Failure when another keeps it.
 */
export async function withLock<T>(lock: string, action: () => Promise<T>): Promise<T> {
  await acquire(lock)
  try {
    return await action()
  } finally {
    await rm(lock, { force: true })
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

/** Empty when there is no such file. */
function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  })
}
