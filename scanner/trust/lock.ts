import { once } from 'node:events'
import { watch } from 'node:fs'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode, Failure } from '../../common/failure.ts'
import { loadCrypto } from '../../common/hash.ts'
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
  // Two turns of one process are two.
  const mine = `${lock}.${process.pid}-${loadCrypto().randomBytes(4).toString('hex')}`
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
  if (await isAbandoned(lock)) await breakOpen(lock, mine)
  return false
}

/** Whether nobody that runs has the lock; one that a loss of power has left empty is nobody's. */
async function isAbandoned(lock: string): Promise<boolean> {
  const text = await readFile(lock, 'utf8').catch(() => undefined)
  return text !== undefined && !(Number(text) > 0 && isRunning(Number(text)))
}

/** Of those that find a lock abandoned one takes it away; whoever comes late puts back what is another's. */
async function breakOpen(lock: string, aside: string): Promise<void> {
  try {
    await rename(lock, aside)
    if (!(await isAbandoned(aside))) await link(aside, lock)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EEXIST') throw error
  } finally {
    await rm(aside, { force: true })
  }
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
  // Of its own: the listener that waits is not to stay on the signal of all turns.
  const until = deadline(Number.POSITIVE_INFINITY, signal)
  try {
    const changed = once(watcher, 'change', { signal: until.signal })
    // It may have gone before the watch began.
    if ((await readText(lock)) !== '') await changed
    else changed.catch(() => {})
  } catch (error) {
    if (!signal.aborted) throw error
    throw new Failure(`${lock} is kept by another program since ${lockMs / 1000} s`, {
      advice: 'when no scanner runs, remove it',
    })
  } finally {
    until.clear()
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
