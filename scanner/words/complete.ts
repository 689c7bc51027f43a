import type { OptionWords, VerbWords } from '../../common/definitions.ts'

/** A word that may come next, and what it is. */
export interface Candidate {
  text: string
  describe: string
}

/** What may come next: some words, or a file of the user's, which shells complete better. */
export type Completion = { kind: 'words'; candidates: Candidate[] } | { kind: 'files' }

/** What is known of this moment. */
export interface Surroundings {
  /** Names of installers; called only where one may come next. */
  installers(): readonly string[]
  /** Links of this machine. */
  interfaces: readonly string[]
}

/** What yargs adds to every verb. */
const everywhere: OptionWords[] = ['help', 'version'].map((name) => ({
  name,
  letters: [],
  takesValue: false,
  choices: [],
  describe: name === 'help' ? 'show help' : 'show the version',
  fallback: '',
}))

/** Positionals and options whose value is a file, by their names in the definitions. */
const fileNames = new Set(['file', 'image', 'device', 'folder'])

/**
 * What may be typed next. `typed` are the words after the program's name, the last of them the one
 * that is being typed. Nothing but words of plain characters is given: shells take them as they are.
 */
export function complete(
  program: VerbWords,
  typed: readonly string[],
  surroundings: Surroundings,
): Completion {
  // bash makes three words of --for=ssh.
  const words = typed.filter((word, at) => word !== '=' || at === typed.length - 1)
  const current = (words.at(-1) ?? '').replace(/^=$/, '')
  const place = walk(program, words.slice(0, -1))
  const found = place ? candidatesAt(place, current, surroundings) : []
  if (found === 'files') return { kind: 'files' }
  const fitting = found.filter(({ text }) => text.startsWith(current) && isPlain(text))
  return { kind: 'words', candidates: fitting }
}

/** What shells neither expand, split nor read as an option of their own. */
export function isPlain(text: string): boolean {
  return /^[\w%@.:=/-]+$/.test(text)
}

interface Place {
  verb: VerbWords
  /** How many positional words stand before. */
  positionals: number
  /** The option whose value comes now. */
  option: OptionWords | undefined
}

/** Where the next word stands; undefined after `--`, where it is none of ours. */
function walk(program: VerbWords, words: readonly string[]): Place | undefined {
  const place: Place = { verb: program, positionals: 0, option: undefined }
  for (const word of words) {
    if (place.option) place.option = undefined
    else if (word === '--') return undefined
    else if (word.startsWith('-')) place.option = valueOption(place.verb, word)
    else {
      const verb = place.positionals === 0 && place.verb.verbs.find((each) => each.word === word)
      if (verb) place.verb = verb
      else place.positionals++
    }
  }
  return place
}

/** The option that a word names, when its value is the next word. */
function valueOption({ options }: VerbWords, word: string): OptionWords | undefined {
  const isNamed = ({ name, letters }: OptionWords) =>
    word === `--${name}` || letters.some((letter) => word === `-${letter}`)
  const option = options.find(isNamed)
  return option?.takesValue ? option : undefined
}

function candidatesAt(
  { verb, positionals, option }: Place,
  current: string,
  surroundings: Surroundings,
): Candidate[] | 'files' {
  if (option) return valuesOf(option, surroundings)
  const [, name] = /^--([\w-]+)=/.exec(current) ?? []
  const assigned = verb.options.find((each) => each.name === name)
  if (assigned) {
    const values = valuesOf(assigned, surroundings)
    const prefixed = (each: Candidate) => ({ ...each, text: `--${name}=${each.text}` })
    return values === 'files' ? values : values.map(prefixed)
  }
  if (current.startsWith('-'))
    return [...verb.options, ...everywhere].map((each) => ({ ...each, text: `--${each.name}` }))
  if (verb.verbs.length > 0)
    return positionals > 0
      ? []
      : verb.verbs.map((each) => ({ text: each.word, describe: each.summary }))
  return positionalValues(verb.positionals[positionals]?.name, surroundings)
}

function valuesOf(
  { name, choices }: OptionWords,
  surroundings: Surroundings,
): Candidate[] | 'files' {
  if (name === 'interface')
    return surroundings.interfaces.map((text) => ({ text, describe: 'link' }))
  if (fileNames.has(name)) return 'files'
  return choices.map((text) => ({ text, describe: '' }))
}

function positionalValues(name: string | undefined, surroundings: Surroundings) {
  if (name === 'shell') return ['bash', 'zsh', 'fish'].map((text) => ({ text, describe: '' }))
  if (name === 'name')
    return surroundings.installers().map((text) => ({ text, describe: 'installer' }))
  return name !== undefined && fileNames.has(name) ? 'files' : []
}
