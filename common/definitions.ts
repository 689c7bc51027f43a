import type { Argv, Options, PositionalOptions } from 'yargs'

/** What a verb, or a whole program, is told on the command line: what its help says, as data. */
export interface VerbWords {
  /** Its own word; empty for the program. */
  word: string
  /** The words that yargs is given: `find [name]`. */
  form: string
  summary: string
  /** Further sentences: what stands before the options in help, and after them. */
  usage: string
  epilogue: string
  positionals: PositionalWords[]
  options: OptionWords[]
  verbs: VerbWords[]
}

export interface PositionalWords {
  name: string
  isRequired: boolean
  describe: string
}

export interface OptionWords {
  name: string
  /** One-letter forms, without their hyphen. */
  letters: string[]
  takesValue: boolean
  choices: string[]
  describe: string
  /** What it is where it is not given; empty when that goes without saying. */
  fallback: string
}

/**
 * Has yargs definitions tell what they are, without yargs: so help, completion and manual have one
 * source. `define` is given what it takes for yargs.
 */
export function readDefinitions(define: (cli: Argv) => unknown): VerbWords {
  const recorder = new Recorder('', '')
  define(recorder.cli)
  return recorder.words
}

type Builder = (cli: Argv) => unknown

class Recorder {
  readonly words: VerbWords
  readonly cli: Argv
  /** An alias may be told before its option is. */
  readonly #aliases: [string, string][] = []

  constructor(form: string, summary: string) {
    const [word = ''] = form.split(' ')
    const none = { usage: '', epilogue: '', options: [], verbs: [] }
    this.words = { word, form, summary, ...none, positionals: positionalsIn(form) }
    this.cli = this.#asYargs()
  }

  /** Whatever else is told to yargs is of no concern here, and may be chained as well. */
  #asYargs(): Argv {
    const known: Record<string, (...args: never[]) => void> = {
      command: (forms, summary, build) => this.#command(forms, summary, build),
      option: (name, option) => this.#option(name, option),
      options: (options: Record<string, Options>) => {
        for (const [name, option] of Object.entries(options)) this.#option(name, option)
      },
      hide: (name: string) => {
        this.words.options = this.words.options.filter((option) => option.name !== name)
      },
      alias: (aliases: Record<string, string>) => {
        this.#aliases.push(...Object.entries(aliases))
        for (const option of this.words.options) this.#letter(option)
      },
      positional: (name, positional) => this.#positional(name, positional),
      usage: (text: string) => {
        this.words.usage = text
      },
      epilogue: (text: string) => {
        this.words.epilogue = text
      },
    }
    const cli: Argv = new Proxy({} as Argv, {
      get:
        (_, key) =>
        (...args: never[]) => {
          known[String(key)]?.(...args)
          return cli
        },
    })
    return cli
  }

  #command(forms: string | readonly string[], summary: string, build?: Builder): void {
    const [form = ''] = [forms].flat()
    const recorder = new Recorder(form, summary)
    // Options of a verb go with the verbs below it as well.
    recorder.words.options.push(...this.words.options)
    build?.(recorder.cli)
    this.words.verbs.push(recorder.words)
  }

  #option(name: string, option: Options): void {
    const { type, choices, describe = '', default: fallback } = option
    const isNamed = fallback !== undefined && fallback !== false
    const words: OptionWords = {
      name,
      letters: [],
      takesValue: type !== 'boolean',
      choices: (choices ?? []).map(String),
      describe,
      fallback: isNamed ? String(fallback) : '',
    }
    this.#letter(words)
    this.words.options.push(words)
  }

  #letter(option: OptionWords): void {
    option.letters = this.#aliases.flatMap(([letter, name]) => (name === option.name ? letter : []))
  }

  #positional(name: string, { describe = '' }: PositionalOptions): void {
    for (const each of this.words.positionals) if (each.name === name) each.describe = describe
  }
}

/** `<file>` must be given, `[name]` may be. */
function positionalsIn(form: string): PositionalWords[] {
  return [...form.matchAll(/([<[])([\w-]+)[.]*[>\]]/g)].map(([, bracket, name = '']) => ({
    name,
    isRequired: bracket === '<',
    describe: '',
  }))
}
