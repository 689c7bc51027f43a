import { homedir } from 'node:os'
import { join } from 'node:path'
import { type ReadOption, readOptions } from '../arguments.ts'

/** What the built-in client is told; undefined where nothing was said. */
export interface BuiltInOptions {
  user: string | undefined
  port: number | undefined
  /** In the order given; empty for the usual ones. */
  identityFiles: string[]
  /** `IdentitiesOnly`: of the agent's keys only those of the files. */
  identitiesOnly: boolean
  /** `BatchMode`: nothing is asked. */
  batchMode: boolean
  /** Whether there is a terminal on the other side; `auto` for a shell and not for a command. */
  terminal: 'auto' | 'never' | 'wanted' | 'forced'
  /** `-n`: nothing is read from standard input. */
  noInput: boolean
  quiet: boolean
  verbose: boolean
}

/** What is wrong with the options, as what the built-in client does: it `cannot do -A`. */
export interface Refused {
  refused: string
}

/**
 * Reads the options of ssh(1) that the built-in client has; of each the first value counts, as in
 * ssh_config(5). Pure.
 */
export function readBuiltInOptions(options: readonly string[]): BuiltInOptions | Refused {
  const read: BuiltInOptions = {
    user: undefined,
    port: undefined,
    identityFiles: [],
    identitiesOnly: false,
    batchMode: false,
    terminal: 'auto',
    noInput: false,
    quiet: false,
    verbose: false,
  }
  const seen = new Set<string>()
  for (const option of readOptions(options)) {
    const refused = take(option, read, seen)
    if (refused !== undefined) return { refused }
  }
  return read
}

/** What it does by itself: no configuration but our own, nothing forwarded (`-F none`, `-a`, `-k`, `-x`). */
const asItIs = new Set(['a', 'k', 'x'])

type Setter = (read: BuiltInOptions, value: string) => string | undefined

const flags: Record<string, (read: BuiltInOptions) => void> = {
  n: (read) => {
    read.noInput = true
  },
  q: (read) => {
    read.quiet = true
  },
  t: (read) => {
    read.terminal = /wanted|forced/.test(read.terminal) ? 'forced' : 'wanted'
  },
  T: (read) => {
    read.terminal = 'never'
  },
  v: (read) => {
    read.verbose = true
  },
}

/** By the name that they have in ssh_config(5), in lower case; each says what is wrong with its value. */
const settings = new Map<string, Setter>(
  Object.entries({
    user: (read, value) => {
      read.user = value
      return undefined
    },
    port: (read, value) => {
      read.port = Number(value)
      const isPort = /^\d{1,5}$/.test(value) && read.port > 0 && read.port < 2 ** 16
      return isPort ? undefined : `expected a port, got '${value}'`
    },
    identityfile: (read, value) => {
      if (value.toLowerCase() !== 'none') read.identityFiles.push(expandHome(value))
      return value.includes('%') ? `cannot do the % in IdentityFile ${value}` : undefined
    },
    identitiesonly: (read, value) => {
      read.identitiesOnly = value.toLowerCase() === 'yes'
      return whyNoSwitch('IdentitiesOnly', value)
    },
    batchmode: (read, value) => {
      read.batchMode = value.toLowerCase() === 'yes'
      return whyNoSwitch('BatchMode', value)
    },
  } satisfies Record<string, Setter>),
)

const settingOf: Record<string, string> = { i: 'identityfile', l: 'user', p: 'port' }

/** What is wrong with the option; undefined when it is taken. */
function take(option: ReadOption, read: BuiltInOptions, seen: Set<string>): string | undefined {
  const { letter, value } = option
  flags[letter]?.(read)
  if (letter in flags || asItIs.has(letter)) return undefined
  if (letter === 'F' && value === 'none') return undefined
  const [name, text] = letter === 'o' ? splitSetting(value ?? '') : [settingOf[letter], value]
  const key = name?.toLowerCase() ?? ''
  const set = settings.get(key)
  if (set === undefined) return `cannot do -${letter}${value ? ` ${value}` : ''}`
  if (!text) return `expected a value after -${letter}`
  if (seen.has(key) && key !== 'identityfile') return undefined
  seen.add(key)
  return set(read, text)
}

/** `Name=value`, `Name value` or `Name = "value"`. */
function splitSetting(text: string): [name: string, value: string] {
  const [, name = '', value = ''] = /^\s*([^\s=]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(text) ?? []
  return [name, value.replace(/^"(.*)"$/, '$1')]
}

function whyNoSwitch(name: string, value: string): string | undefined {
  return /^(yes|no)$/i.test(value) ? undefined : `expected yes or no for ${name}, got '${value}'`
}

function expandHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
}
