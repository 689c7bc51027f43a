import { fileURLToPath } from 'node:url'

/**
 * A file of this package, by its place below the compiled sources: the bundles lie as deep below
 * theirs, with the same names.
 */
export function ownFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url))
}
