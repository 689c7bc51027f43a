import type { RunOptions } from '../options.ts'
import { readStatus, statusSocketOf } from './read-status.ts'
import { formatStatus } from './status-text.ts'

/** `installer-agent status`. Throws a Failure when no agent answers. */
export async function printStatus(options: RunOptions, json: boolean): Promise<void> {
  const status = await readStatus(statusSocketOf(options))
  process.stdout.write(json ? `${JSON.stringify(status)}\n` : formatStatus(status))
}
