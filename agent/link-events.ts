import { spawn } from 'node:child_process'
import { commandEnvironment, commandMissing } from '../common/command.ts'
import { errorCode, errorMessage } from '../common/failure.ts'
import { type Link, readLinks } from '../common/links.ts'
import type { Log } from '../common/log.ts'
import { sleep } from '../common/schedule.ts'

/** Between the end of a broken `ip monitor`, or a failed read, and the next try. */
const retryMs = 1000
/** `ip monitor` does not say when it has begun to listen; what happened before that is seen by one more look. */
const monitorStartMs = 250

/**
 * The links as they are, then again after each kernel event that may concern them, and whenever
 * somebody else opens the latch. An event only
 * means "look again": events that come while the caller is at work become one. Ends when the
 * signal is aborted; throws a Failure when the links cannot be read at the start.
 */
export async function* watchLinks(
  latch: Latch,
  signal: AbortSignal,
  log: Log,
): AsyncGenerator<Link[]> {
  const links = await readLinks(signal)
  const monitor = monitorEvents(latch, signal, log)
  try {
    yield links
    while (await latch.opened(signal)) {
      const links = await readLinksAgain(signal, log)
      if (links) yield links
      else latch.open()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    latch.close()
    await monitor
  }
}

async function readLinksAgain(signal: AbortSignal, log: Log): Promise<Link[] | undefined> {
  try {
    return await readLinks(signal)
  } catch (error) {
    if (signal.aborted) throw error
    log.warn({ error: errorMessage(error) }, 'could not read the links, will try again')
    await sleep(retryMs, signal)
    return undefined
  }
}

/** Keeps `ip monitor` running and opens the latch whenever it prints something. */
async function monitorEvents(latch: Latch, signal: AbortSignal, log: Log): Promise<void> {
  while (!signal.aborted && !latch.closed) {
    const ended = await runMonitor(latch, signal).catch((error: unknown) => error)
    if (signal.aborted || latch.closed) return
    log.warn({ ended: errorMessage(ended) }, "'ip monitor' ended, will start it again")
    await sleep(retryMs, signal)
    latch.open()
  }
}

function runMonitor(latch: Latch, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('ip', ['-o', 'monitor', 'link', 'address'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: commandEnvironment(),
      signal,
    })
    const started = setTimeout(() => latch.open(), monitorStartMs)
    latch.onClose = () => child.kill()
    child.stdout.on('data', () => latch.open())
    child.on('error', (error) =>
      reject(errorCode(error) === 'ENOENT' ? commandMissing('ip', error) : error),
    )
    child.on('close', (status, by) => {
      clearTimeout(started)
      resolve(`status ${status ?? by}`)
    })
  })
}

/** Remembers that something happened until somebody asks. */
export class Latch {
  closed = false
  onClose: () => void = () => {}
  #isOpen = false
  #wake: () => void = () => {}

  open(): void {
    this.#isOpen = true
    this.#wake()
  }

  close(): void {
    this.closed = true
    this.#wake()
    this.onClose()
  }

  /** Waits until the latch is open and shuts it again; false when the signal ends the wait. */
  async opened(signal: AbortSignal): Promise<boolean> {
    const wake = () => this.#wake()
    signal.addEventListener('abort', wake)
    while (!this.#isOpen && !this.closed && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    signal.removeEventListener('abort', wake)
    this.#isOpen = false
    return !this.closed && !signal.aborted
  }
}
