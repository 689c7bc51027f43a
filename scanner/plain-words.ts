import { shortForms } from './options.ts'

/**
 * Command lines that everybody types, read without yargs, which takes as long to load as Node to
 * start. Pure.
 */

/** Runs a verb with what was read; gives the exit status. */
export type PlainVerb = () => Promise<number>

/** Options without a value, and with one, by their long names. */
export interface PlainOptions {
  flags: readonly string[]
  values: readonly string[]
}

/** What was typed: positional words, and options by name; every value in its order. */
export interface PlainWords {
  words: string[]
  flags: ReadonlySet<string>
  values: ReadonlyMap<string, string[]>
}

/**
 * The words in the plainest form, each option once by itself and each value as a word of its own;
 * undefined for any other line, right or wrong: that is for yargs to read, and to complain of.
 */
export function readPlainly(
  typed: readonly string[],
  options: PlainOptions,
): PlainWords | undefined {
  const words: string[] = []
  const flags = new Set<string>()
  const values = new Map<string, string[]>()
  for (let at = 0; at < typed.length; at++) {
    const word = typed[at] ?? ''
    const next = typed[at + 1] ?? ''
    const option = optionOf(word) ?? ''
    if (isPlain(word)) words.push(word)
    else if (options.flags.includes(option) && !flags.has(option)) flags.add(option)
    else if (options.values.includes(option) && isPlain(next)) {
      values.set(option, [...(values.get(option) ?? []), next])
      at++
    } else return undefined
  }
  return { words, flags, values }
}

/** The long name of an option. */
function optionOf(word: string): string | undefined {
  if (word.startsWith('--')) return word.slice(2)
  return Object.entries(shortForms).find(([letter]) => word === `-${letter}`)?.[1]
}

/** yargs takes quotes off, what begins with a hyphen for an option, and these for the value of a flag. */
function isPlain(word: string): boolean {
  return word !== '' && !/^[-"']|["']$|^(true|false)$/.test(word)
}
