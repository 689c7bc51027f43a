import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { normalizeAddress, normalizeMac } from '../../common/address.ts'
import { commandEnvironment, commandMissing } from '../../common/command.ts'
import { errorCode } from '../../common/failure.ts'
import { sleep } from '../../common/schedule.ts'

/** What the kernel tells of its own accord. */
export interface LinkListener {
  /** Links or addresses have changed: look again. */
  changed(): void
  /** An entry of the neighbour table has changed. */
  neighbour(change: NeighbourChange): void
}

export interface NeighbourChange {
  link: string
  address: string
  /** `failed`: it no longer answers (RFC 4861 section 7.3.3); `reachable`: it has just answered. */
  state: 'failed' | 'reachable'
  mac: string | undefined
}

/** Without `ip monitor`, on other systems, the interfaces are looked at this often; nothing is sent. */
const pollMs = 3000
/** `ip monitor` does not say when it has begun to listen; what happened before that is seen by one more look. */
const monitorStartMs = 250
const retryMs = 1000

/** Follows the kernel's events until the signal is aborted; one that ends is started again. */
export async function followKernel(
  listener: LinkListener,
  warn: (sentence: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let canMonitor = process.platform === 'linux'
  while (!signal.aborted) {
    if (canMonitor) canMonitor = await monitor(listener, warn, signal)
    await sleep(canMonitor ? retryMs : pollMs, signal)
    if (!signal.aborted) listener.changed()
  }
}

/** Runs `ip monitor` to its end; false when there is none to run. */
async function monitor(
  listener: LinkListener,
  warn: (sentence: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const child = spawn('ip', ['-o', 'monitor', 'label', 'link', 'address', 'neigh'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: commandEnvironment(),
    signal,
  })
  let error: Error | undefined
  child.on('error', (reason) => {
    error = reason
  })
  const closed = new Promise((resolve) => child.once('close', resolve))
  const started = setTimeout(() => listener.changed(), monitorStartMs)
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('[NEIGH]')) listener.changed()
    const change = parseNeighbourChange(line)
    if (change) listener.neighbour(change)
  }
  clearTimeout(started)
  await closed
  if (signal.aborted || error === undefined) return true
  if (errorCode(error) !== 'ENOENT') return true
  warn(`${commandMissing('ip').message}: changes of the links are noticed late`)
  return false
}

/** Reads `[NEIGH]fe80::1 dev op0 lladdr 52:54:00:12:34:56 router REACHABLE`; other states tell nothing new. */
export function parseNeighbourChange(line: string): NeighbourChange | undefined {
  const match = /^\[NEIGH\](\S+) dev (\S+) (?:lladdr (\S+) )?.*?(FAILED|REACHABLE)\s*$/.exec(line)
  const address = normalizeAddress(match?.[1] ?? '')
  if (!match || !address) return undefined
  return {
    link: match[2] ?? '',
    address,
    state: match[4] === 'FAILED' ? 'failed' : 'reachable',
    mac: normalizeMac(match[3] ?? ''),
  }
}
