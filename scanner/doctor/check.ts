import type { Link } from '../../common/links.ts'
import type { Finding, Layer } from './finding.ts'
import type { Look } from './look.ts'

/** What all checks share. */
export interface Context {
  /** NAME; undefined when nobody in particular is missed. */
  name: string | undefined
  /** Whether `--interface` has named the links that are meant. */
  isNamed: boolean
  links: readonly Link[]
  /** Those that are to be searched, whether they can be or not. */
  meant: readonly Link[]
  /** Those of them that can be. */
  searched: readonly Link[]
  /** One search, for all who want to know what it found. */
  look: Promise<Look>
}

/** One subject of the doctor. `run` looks and judges; what it throws is said to be unseen. */
export interface Check {
  layer: Layer
  /** What it looks at is of Linux only. */
  isOfLinux?: boolean
  run(context: Context, signal: AbortSignal): Promise<Finding[]>
}
