import { showAddresses } from '../common/address-show.ts'
import type { CommandResult } from '../common/command.ts'

/** The kernel's links, asked for while the programs that will need them are still being loaded. */

let shown: Promise<CommandResult> | undefined

/** Asks, for whoever looks first; `asked` is what another part of the program has asked already. */
export function lookAhead(asked?: Promise<CommandResult>): void {
  if (process.platform !== 'linux') return
  shown ??= asked ?? showAddresses()
  // Whoever takes it is told.
  shown.catch(() => {})
}

/** What was asked for; undefined where nothing was, and the second time. */
export function takeLook(): Promise<CommandResult> | undefined {
  const look = shown
  shown = undefined
  return look
}
