import { spawn } from 'node:child_process'
import { readFileSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from '../machine.ts'
import { cacheFolder, keepFile } from '../own-files.ts'
import { isPlain } from './complete.ts'

/** Whoever was not seen for so long is rather gone than silent. */
const forgottenMs = 10 * 60_000
/** After so long the link is looked at again; sooner nobody has changed a cable. */
const staleMs = 5000
/** More than a link full of installers with the longest of names. */
const maxFileBytes = 512 * 1024

interface Seen {
  text: string
  /** Milliseconds since 1970. */
  at: number
}

/** Where the names are kept that completion gives. */
export function namesFile(environment: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(environment), 'names.json')
}

/** The names that were seen of late. */
export function cachedNames(file = namesFile(), now = Date.now()): string[] {
  return read(file, now).map(({ text }) => text)
}

/** Keeps the names of machines; `isAll` when the others that were known are not there any more. */
export function rememberNames(
  machines: readonly Machine[],
  isAll: boolean,
  file = namesFile(),
  now = Date.now(),
): void {
  const seen = completable(machines).map((text) => ({ text, at: now }))
  const before = isAll ? [] : read(file, now)
  const texts = new Set(seen.map(({ text }) => text))
  const others = before.filter(({ text }) => !texts.has(text))
  try {
    keepFile(file, JSON.stringify([...seen, ...others]))
  } catch {
    // Completion knows less then; whoever looks for a machine has not come for that.
  }
}

/**
 * The word by which each machine is named: its name, or its id where another has the name as well, or
 * where it is no word that a shell takes as it is. Names are whatever somebody on the link says.
 */
export function completable(machines: readonly Machine[]): string[] {
  const counts = new Map<string, number>()
  for (const { name } of machines) {
    const key = name?.toLowerCase() ?? ''
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const isName = (name: string | null): name is string =>
    name !== null && isPlain(name) && /^\w/.test(name)
  return machines.map(({ name, id }) => {
    const isOnly = counts.get(name?.toLowerCase() ?? '') === 1
    return isName(name) && isOnly ? name : id
  })
}

/** Has the link looked at anew, in a process of its own, unless that was done a moment ago. */
export function refreshNames(program: readonly string[], file = namesFile()): void {
  const [command = '', ...words] = program
  try {
    const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: 0 }
    if (Date.now() - mtimeMs < staleMs) return
    // Told before it is done: a person presses Tab more than once.
    if (mtimeMs === 0) rememberNames([], true, file)
    else utimesSync(file, new Date(), new Date())
  } catch {
    return
  }
  spawn(command, [...words, 'find', '--quiet'], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref()
}

function read(file: string, now: number): Seen[] {
  try {
    if (statSync(file).size > maxFileBytes) return []
    const seen: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return Array.isArray(seen) ? seen.filter((each) => isSeen(each, now)) : []
  } catch {
    return []
  }
}

function isSeen(each: unknown, now: number): each is Seen {
  if (typeof each !== 'object' || each === null || !('text' in each && 'at' in each)) return false
  const { text, at } = each
  const isFresh = typeof at === 'number' && at <= now && now - at < forgottenMs
  return isFresh && typeof text === 'string' && isPlain(text) && !text.startsWith('-')
}
