import { spawn } from 'node:child_process'
import { showAddresses } from '../common/address-show.ts'
import { type CommandResult, commandEnvironment, commandMissing } from '../common/command.ts'
import { errorCode, errorMessage, Failure } from '../common/failure.ts'
import { type Link, readLinks } from '../common/links.ts'
import type { Log } from '../common/log.ts'
import { sleep } from '../common/schedule.ts'
import { retryDelay } from './addresses/retry.ts'

/** `ip monitor` does not say when it has begun to listen; what happened before that is seen by one more look. */
const monitorStartMs = 250
/** `ip` that ran this long was all right: its next failure is a first one. */
const monitorHealthyMs = 10_000
/** So often `ip` may fail at the start before we give up. */
const startTries = 3
/** Of its time a busy agent looks for one part and rests for four, however many events a storm brings. */
const restPerLook = 4
/** But no longer than this: what it rests, an event waits. */
const longestRestMs = 250

/**
 * The links as they are, then again after each kernel event that may concern them, and whenever
 * somebody else opens the latch. An event only means "look again": events that come while the
 * caller is at work, or rests after it, become one. Ends when the signal is aborted; throws a
 * Failure when the links cannot be read at the start. `shown`: the first look, where it is under way.
 */
export async function* watchLinks(
  latch: Latch,
  signal: AbortSignal,
  log: Log,
  shown = showAddresses(signal),
): AsyncGenerator<Link[]> {
  let begun = performance.now()
  const links = await readLinksAtStart(signal, log, shown)
  let monitor: Promise<void> | undefined
  let failures = 0
  try {
    yield links
    // Not before: it would hold up the first look, and what happens meanwhile is seen by the next.
    monitor = monitorEvents(latch, signal, log)
    while (true) {
      await rest(performance.now() - begun, latch, signal)
      if (!(await latch.opened(signal))) break
      begun = performance.now()
      const links = await readLinksAgain(failures, signal, log)
      failures = links ? 0 : failures + 1
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

/** Timed only once there is an event to wait with: an idle agent has no timer. */
async function rest(lookedMs: number, latch: Latch, signal: AbortSignal): Promise<void> {
  const until = performance.now() + Math.min(longestRestMs, restPerLook * lookedMs)
  await latch.waited(signal)
  const left = until - performance.now()
  if (left > 0) await sleep(left, signal)
}

async function readLinksAtStart(
  signal: AbortSignal,
  log: Log,
  first: Promise<CommandResult>,
): Promise<Link[]> {
  for (let failures = 0; ; failures++)
    try {
      return await readLinks(signal, failures === 0 ? first : undefined)
    } catch (error) {
      // Without `ip`, or with one that is none of iproute2's, another try is the same.
      const isHopeless = error instanceof Failure && error.advice !== undefined
      if (signal.aborted || isHopeless || failures + 1 >= startTries) throw error
      await waitAfter(error, failures, signal, log)
    }
}

async function readLinksAgain(
  failures: number,
  signal: AbortSignal,
  log: Log,
): Promise<Link[] | undefined> {
  try {
    return await readLinks(signal)
  } catch (error) {
    if (signal.aborted) throw error
    await waitAfter(error, failures, signal, log)
    return undefined
  }
}

async function waitAfter(
  error: unknown,
  failures: number,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  if (failures === 0)
    log.warn({ error: errorMessage(error) }, 'could not read the links, will try again')
  await sleep(retryDelay(failures, Math.random), signal)
}

/** Keeps `ip monitor` running and opens the latch whenever it tells of something that concerns us. */
async function monitorEvents(latch: Latch, signal: AbortSignal, log: Log): Promise<void> {
  let failures = 0
  while (!signal.aborted && !latch.closed) {
    const began = performance.now()
    const ended = await runMonitor(latch, signal).catch((error: unknown) => error)
    if (signal.aborted || latch.closed) return
    if (performance.now() - began > monitorHealthyMs) failures = 0
    if (failures === 0)
      log.warn({ ended: errorMessage(ended) }, "'ip monitor' ended, will start it again")
    await sleep(retryDelay(failures++, Math.random), signal)
    latch.open()
  }
}

function runMonitor(latch: Latch, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('ip', ['-o', 'monitor', 'link', 'address', 'route'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: commandEnvironment(),
      signal,
    })
    const started = setTimeout(() => latch.open(), monitorStartMs)
    latch.onClose = () => child.kill()
    let begun = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (begun + text).split('\n')
      begun = lines.pop() ?? ''
      if (lines.some(concernsLinks)) latch.open()
    })
    // It says there that the kernel dropped events, in a storm: those that follow are not the last.
    child.stderr.on('data', () => latch.open())
    child.on('error', (error) =>
      reject(errorCode(error) === 'ENOENT' ? commandMissing('ip', error) : error),
    )
    child.on('close', (status, by) => {
      clearTimeout(started)
      resolve(`status ${status ?? by}`)
    })
  })
}

/**
 * Whether a line of `ip -o monitor` is of a link or an address, which begin with an index, or of
 * the multicast route of a link. That is all the kernel tells when IPv6 is turned on for a link
 * (net.ipv6.conf.*.disable_ipv6); other routes are none of our business.
 */
export function concernsLinks(line: string): boolean {
  return /^(Deleted )?\d+: /.test(line) || line.includes('ff00::/8 ')
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
    await this.waited(signal)
    this.#isOpen = false
    return !this.closed && !signal.aborted
  }

  /** Waits until the latch is open, closed, or the signal ends the wait. */
  async waited(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake()
    signal.addEventListener('abort', wake)
    while (!this.#isOpen && !this.closed && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    signal.removeEventListener('abort', wake)
  }
}
