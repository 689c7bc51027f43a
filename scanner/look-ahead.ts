import { showAddresses } from '../common/address-show.ts'
import type { CommandResult } from '../common/command.ts'
import { closeFirst, type FirstQuestion } from './sources/first-question.ts'
import type { InPlace } from './watch/in-place.ts'

/** What is asked while the programs that need the answers are still being loaded. */
export interface Ahead {
  /** The kernel's links. */
  shown: Promise<CommandResult> | undefined
  /** The links' groups. */
  firsts: FirstQuestion[]
  /** The rows of who has answered by then, where they are shown. */
  rows?: InPlace | undefined
}

const ahead: Ahead = { shown: undefined, firsts: [] }

/** Takes over what another part of the program has asked. */
export function takeOver({ shown, firsts, rows }: Ahead): void {
  ahead.firsts.push(...firsts)
  ahead.rows = rows
  keepLook(shown)
}

function keepLook(shown: Ahead['shown']): void {
  ahead.shown = shown
  // Whoever takes it is told.
  shown?.catch(() => {})
}

/** Asks the kernel, for whoever looks first. */
export function lookAhead(): void {
  if (process.platform !== 'linux' || ahead.shown) return
  keepLook(showAddresses())
}

/** What was asked of the kernel; undefined where nothing was, and the second time. */
export function takeLook(): Promise<CommandResult> | undefined {
  const look = ahead.shown
  ahead.shown = undefined
  return look
}

/** The rows that are shown already, for whoever goes on with them. */
export function takeRows(): InPlace | undefined {
  const { rows } = ahead
  ahead.rows = undefined
  return rows
}

/** Gives up those: nobody will read the answers. */
export function dropFirsts(): void {
  for (const first of ahead.firsts.splice(0)) closeFirst(first)
}

/** The question to a link's group that has left from these addresses, once; one from others is given up. */
export function takeFirst(link: string, own: readonly string[]): FirstQuestion | undefined {
  const first = ahead.firsts.find((each) => each.link === link)
  if (first === undefined) return undefined
  ahead.firsts.splice(ahead.firsts.indexOf(first), 1)
  if (first.own.join() === own.join()) return first
  closeFirst(first)
  return undefined
}
