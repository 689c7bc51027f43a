import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * A file of this package, by its place below the compiled sources: the bundles lie as deep below
 * theirs, with the same names.
 */
export function ownFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url))
}

/** Where what can be made anew is kept (XDG base directory specification, which says to ignore a relative path). */
export function cacheFolder({ XDG_CACHE_HOME: home }: NodeJS.ProcessEnv = process.env): string {
  return join(home?.startsWith('/') ? home : join(homedir(), '.cache'), 'installer-discovery')
}

/** Keeps something there. Two may do so at once: whoever reads sees all of one, or nothing. Throws the system's error. */
export function keepFile(file: string, content: string | Buffer): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, content)
  renameSync(temporary, file)
}
