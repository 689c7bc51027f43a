import { readConfig } from './config-file.ts'
import type { Arguments } from './option-checks.ts'
import { environmentPrefix, runOptions, sharedOptions } from './option-table.ts'

/** Command lines in the plainest form, as units and scripts have them, read without yargs. */

type Value = string | number | boolean | string[]
type Values = Map<string, Value>
type Options = { type?: string; default?: Value; choices?: readonly string[] }

const options = new Map<string, Options>(Object.entries({ ...sharedOptions, ...runOptions }))
const camelCase = (name: string) => name.replace(/-./g, (pair) => pair.slice(1).toUpperCase())

/**
 * What `run` was told by words, environment and file, in this order of weight; undefined for any other
 * verb or form, right or wrong: that is for yargs to read, and to complain of. Throws a Failure where
 * the file cannot be read.
 */
export function readPlainly(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
): Arguments | undefined {
  const words = readWords(argv[0] === 'run' ? argv.slice(1) : argv)
  const variables = readVariables(environment)
  if (!words || !variables) return undefined
  const path = words.get('config') ?? variables.get('config')
  const file = readFile(typeof path === 'string' ? readConfig(path) : {})
  if (!file) return undefined
  const told = (name: string) =>
    words.get(name) ?? variables.get(name) ?? file.get(name) ?? options.get(name)?.default
  const named = [...options.keys()].map((name) => [camelCase(name), told(name)])
  return Object.fromEntries(named) as Arguments
}

/** Each option once, but for the one that may be repeated; a value is a word of its own. */
function readWords(argv: readonly string[]): Values | undefined {
  const values: Values = new Map()
  for (let at = 0; at < argv.length; at++) {
    const name = /^--(.+)$/.exec(argv[at] ?? '')?.[1] ?? ''
    const isFlag = options.get(name)?.type === 'boolean'
    const value = isFlag || plainValue(name, argv[++at])
    const before = values.get(name)
    if (value === undefined || (before !== undefined && name !== 'interface')) return undefined
    values.set(name, before === undefined ? value : ([before, value].flat() as string[]))
  }
  return values
}

function readVariables(environment: NodeJS.ProcessEnv): Values | undefined {
  const given = Object.entries(environment).flatMap(([variable, text]): [string, unknown][] => {
    if (!variable.startsWith(`${environmentPrefix}_`)) return []
    const name = variable.slice(environmentPrefix.length + 1).toLowerCase()
    const isFlag = options.get(name.replaceAll('_', '-'))?.type === 'boolean'
    return [[name.replaceAll('_', '-'), isFlag ? text === 'true' || undefined : text]]
  })
  return checked(given, (name, value) =>
    value === true ? true : typeof value === 'string' ? plainValue(name, value) : undefined,
  )
}

function readFile(content: unknown): Values | undefined {
  if (typeof content !== 'object' || content === null) return undefined
  const names = new Map([...options.keys()].map((name) => [camelCase(name), name]))
  const given = Object.entries(content).map(([key, value]): [string, unknown] => [
    names.get(key) ?? key,
    value,
  ])
  return checked(given, (name, value) => {
    const { type, choices } = options.get(name) ?? {}
    if (type === 'string' || choices) return plainTexts(name, value)
    return typeof value === type ? (value as Value) : undefined
  })
}

/** Undefined where one of the values is not plain, or is given twice. */
function checked(
  given: readonly [string, unknown][],
  check: (name: string, value: unknown) => Value | undefined,
): Values | undefined {
  const values: Values = new Map()
  for (const [name, raw] of given) {
    const value = check(name, raw)
    if (value === undefined || values.has(name)) return undefined
    values.set(name, value)
  }
  return values
}

function plainTexts(name: string, value: unknown): Value | undefined {
  if (typeof value === 'string') return plainValue(name, value)
  const isList = name === 'interface' && Array.isArray(value) && value.length > 1
  const isPlainList = isList && value.every((each) => plainTexts(name, each) === each)
  return isPlainList ? (value as string[]) : undefined
}

/** yargs takes quotes off, and what begins with a hyphen for an option. */
function plainValue(name: string, text: string | undefined): Value | undefined {
  const { type, choices } = options.get(name) ?? {}
  if (text === undefined || !/^[^-"'\s]([^"'\s]*)$/.test(text)) return undefined
  if (type === 'number') return /^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined
  return type === 'string' || choices?.includes(text) ? text : undefined
}
