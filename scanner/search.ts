import { defaultHostname, exitStatus, stockHostnames } from '../common/contract.ts'
import { Failure } from '../common/failure.ts'
import type { Link } from '../common/links.ts'
import type { Log } from '../common/log.ts'
import { deadline, sleep } from '../common/schedule.ts'
import { choose, namesHost } from './choose.ts'
import type { Machine } from './machine.ts'
import { merge } from './merge.ts'
import { searchedLinks } from './operator-links.ts'
import { maxRemembered, scan } from './scan.ts'
import type { Sighting, SourceName } from './sighting.ts'

/** What the verbs that look for machines are told. */
export interface SearchOptions {
  name: string | undefined
  interfaces: string[]
  sources: SourceName[]
  /** Bound on the whole search, in milliseconds. */
  timeoutMs: number
  /** Also hosts that are not known to be installers. */
  all: boolean
}

export interface Found {
  machines: Machine[]
  warnings: string[]
}

/** RFC 6762 section 5.2: a question is not asked again within a second. */
const roundMs = 1000

/**
 * Looks on all links, round after round until something fits or time is up. Finding nothing is a
 * result. Throws a Failure for wrong input, or when there is no link to look on.
 */
export async function search(
  options: SearchOptions,
  signal: AbortSignal,
  log: Log,
): Promise<Found> {
  const warnings = new Set<string>()
  const warn = (sentence: string): void => {
    if (!warnings.has(sentence)) log.debug({}, sentence)
    warnings.add(sentence)
  }
  const links = await searchedLinks(options.interfaces, warn)
  if (links.length === 0)
    throw new Failure('there is no link to search: none has a carrier and an address', {
      exitStatus: exitStatus.nothingFound,
      advice: 'plug in the cable, or name the interface with --interface (ip -br link lists them)',
    })
  log.debug({ links: links.map((link) => link.name), sources: options.sources }, 'searching')
  const timeUp = deadline(options.timeoutMs, signal)
  try {
    const machines = await rounds(links, options, timeUp.signal, warn, log)
    return { machines, warnings: [...warnings] }
  } finally {
    timeUp.clear()
  }
}

async function rounds(
  links: readonly Link[],
  options: SearchOptions,
  signal: AbortSignal,
  warn: (sentence: string) => void,
  log: Log,
): Promise<Machine[]> {
  const names = askedNames(options.name)
  const sightings: Sighting[] = []
  for (;;) {
    const nextRoundAt = performance.now() + roundMs
    const request = {
      links,
      sources: options.sources,
      names,
      signal,
      warn,
    }
    for await (const sighting of scan(request)) {
      log.debug(sighting, 'sighting')
      sightings.push(sighting)
    }
    // Rounds without end are not to be memory without end: the latest count.
    sightings.splice(0, sightings.length - maxRemembered)
    const machines = wanted(merge(sightings), options)
    if (machines.length > 0 || signal.aborted) return machines
    await sleep(nextRoundAt - performance.now(), signal)
  }
}

/** Those among the machines that are looked for. */
export function wanted(machines: readonly Machine[], { name, all }: SearchOptions): Machine[] {
  const eligible = machines.filter((machine) => all || machine.installer)
  return name === undefined ? eligible : choose(eligible, name)
}

/** Our own name, those of live systems without our agent, and the one that was asked for. */
export function askedNames(name: string | undefined): string[] {
  const asked = name !== undefined && namesHost(name) ? [name.replace(/\.local$/i, '')] : []
  const names = [...asked, defaultHostname, ...stockHostnames]
  return [...new Map(names.map((each) => [each.toLowerCase(), each])).values()]
}
