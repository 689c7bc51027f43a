/** `scanner ssh` as it was typed, cut into what is ours and what is OpenSSH's. */
export interface SshArguments {
  /** Long options (`--timeout 4s`): OpenSSH has none. */
  own: string[]
  /** `NAME` or `user@NAME`; undefined when none was given. */
  destination: string | undefined
  /** Short options, passed on as they are. */
  options: string[]
  /** The remote command; empty for a shell. */
  command: string[]
}

/** Options of ssh(1) that take a value, from its synopsis (OpenSSH 9.9). */
const withValue = 'BbcDEeFIiJLlmOoPpQRSWw'
/** Our long options that take none. */
const ownFlags = new Set([
  '--accept-new-key',
  '--all',
  '--help',
  '--print',
  '--quiet',
  '--verbose',
  '--version',
  '--wait',
])

/**
 * Reads options as ssh does: before the destination and after it, up to the first word of the
 * command or a `--`. Nothing is interpreted; a value that begins with `-` stays a value.
 */
export function splitSshArguments(argv: readonly string[]): SshArguments {
  const split: SshArguments = { own: [], destination: undefined, options: [], command: [] }
  const rest = [...argv]
  while (rest.length > 0) {
    if (takeOption(rest, split)) continue
    const [word = ''] = rest.splice(0, 1)
    if (split.destination === undefined && word !== '--') {
      split.destination = word
      continue
    }
    if (split.destination === undefined) split.destination = rest.shift()
    split.command = word === '--' ? rest : [word, ...rest]
    break
  }
  return split
}

/** Takes an option, and its value if it has one, off the front of `rest`; false when there is none. */
function takeOption(rest: string[], split: SshArguments): boolean {
  const [word = ''] = rest
  if (!/^-./.test(word) || word === '--') return false
  const isOwn = word.startsWith('--')
  const hasValue = isOwn ? !word.includes('=') && !isOwnFlag(word) : takesNextWord(word)
  const taken = rest.splice(0, hasValue ? 2 : 1)
  ;(isOwn ? split.own : split.options).push(...taken)
  return true
}

/** yargs knows each flag with `--no-` as well. */
function isOwnFlag(word: string): boolean {
  return ownFlags.has(word.replace(/^--no-/, '--'))
}

/** In a bundle such as `-tp 22` the first letter that takes a value takes the rest of the word, or the next. */
function takesNextWord(bundle: string): boolean {
  const letters = [...bundle.slice(1)]
  const at = letters.findIndex((letter) => withValue.includes(letter))
  return at >= 0 && at === letters.length - 1
}

/** Whether the user has set something himself, by its letter: then ours is not added. */
export function hasOption(options: readonly string[], letter: string): boolean {
  let isValue = false
  return options.some((word) => {
    const isOption = !isValue
    isValue = isOption && takesNextWord(word)
    return isOption && word.includes(letter, 1) && !takesValueBefore(word, letter)
  })
}

/** In `-oPort=22` the `P` is part of a value. */
function takesValueBefore(word: string, letter: string): boolean {
  const until = [...word.slice(1, word.indexOf(letter, 1))]
  return until.some((each) => withValue.includes(each))
}

/** An option of ssh(1): its letter, and its value where it takes one; undefined when that is missing. */
export interface ReadOption {
  letter: string
  value: string | undefined
}

/** The options one by one, bundles such as `-tp 22` undone. */
export function readOptions(options: readonly string[]): ReadOption[] {
  const rest = [...options]
  const read: ReadOption[] = []
  while (rest.length > 0) {
    const bundle = (rest.shift() ?? '').slice(1)
    const at = [...bundle].findIndex((letter) => withValue.includes(letter))
    const flags = at < 0 ? bundle : bundle.slice(0, at)
    for (const letter of flags) read.push({ letter, value: undefined })
    if (at >= 0)
      read.push({ letter: bundle[at] ?? '', value: bundle.slice(at + 1) || rest.shift() })
  }
  return read
}
