import { shellWord } from '../remote/shell-words.ts'

/** From the card up to the login: the order in which they are shown. */
export const layers = [
  'interface',
  'address',
  'route',
  'sysctl',
  'neighbour',
  'firewall',
  'port',
  'names',
  'ping',
  'link',
  'installer',
  'ssh',
  'identity',
  'login',
] as const
export type Layer = (typeof layers)[number]

/** `fail`: it does not work. `warn`: less works than could, or it could not be seen. */
export const levels = ['ok', 'warn', 'fail'] as const
export type Level = (typeof levels)[number]

/** What a check has to say. */
export interface Finding {
  level: Level
  /** A word for scripts, which stays: `no-carrier`. */
  code: string
  /** One sentence, without the end of a line. */
  reason: string
  /** The link that it is about. */
  interface?: string
  /** The id of the machine that it is about. */
  machine?: string
  fix?: Fix
}

/** Commands, one after the other; each word as it is, to be quoted when it is shown. */
export interface Fix {
  commands: readonly (readonly string[])[]
  /** Whether it takes root to run them. */
  asRoot: boolean
  /** On whose machine. */
  where: 'here' | 'installer'
}

/** A finding, and the layer that it is of. */
export interface LayerFinding extends Finding {
  layer: Layer
}

/** A fix that the user can run. */
export function fix(...commands: readonly string[][]): Fix {
  return { commands, asRoot: false, where: 'here' }
}

/** A fix that takes root. */
export function rootFix(...commands: readonly string[][]): Fix {
  return { commands, asRoot: true, where: 'here' }
}

/** A fix at the installer's console. */
export function consoleFix(asRoot: boolean, ...commands: readonly string[][]): Fix {
  return { commands, asRoot, where: 'installer' }
}

/** The line to paste into a shell. A live ISO has sudo without a password. */
export function pasteable({ commands, asRoot, where }: Fix, isRoot: boolean): string {
  const sudo = asRoot && (where === 'installer' || !isRoot) ? ['sudo'] : []
  return commands.map((words) => [...sudo, ...words].map(shellWord).join(' ')).join(' && ')
}

/**
 * The command that sets a kernel parameter. With slashes between its parts, as sysctl(8) allows: a
 * link may have a dot in its name.
 */
export function setSysctl(path: string, value: string | number): string[] {
  const name = path.replaceAll('/', '.')
  return [
    'sysctl',
    '-w',
    `${name.split('.').length === path.split('/').length ? name : path}=${value}`,
  ]
}
