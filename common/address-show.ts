import { type CommandResult, runCommand } from './command.ts'

/** What `ip` says of all links and their addresses (ip-address(8)). Rejects when `ip` is missing. */
export function showAddresses(signal?: AbortSignal): Promise<CommandResult> {
  // Statistics twice over: only these count the changes of the carrier.
  return runCommand('ip', ['-s', '-s', '-d', '-j', 'address', 'show'], signal)
}
