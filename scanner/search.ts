import { exitStatus } from '../common/contract.ts'
import { Failure } from '../common/failure.ts'
import type { Link } from '../common/links.ts'
import type { Log } from '../common/log.ts'
import { deadline, sleep } from '../common/schedule.ts'
import { addressesIn, askedNames, isOwnAddress, mayMean, wanted } from './choose.ts'
import { dropFirsts } from './look-ahead.ts'
import { Lookout, type Verdict } from './lookout.ts'
import { showsLoss } from './loss.ts'
import { hasOwnAddress, type Machine } from './machine.ts'
import { Memory } from './memory.ts'
import { merge } from './merge.ts'
import { searchedLinks } from './operator-links.ts'
import { maxRemembered, roundMs, type Search, scan } from './scan.ts'
import type { Sighting, SourceName } from './sighting.ts'
import { sharedDelayMs } from './sources/patience.ts'

/** What the verbs that look for machines are told. */
export interface SearchOptions {
  name: string | undefined
  interfaces: string[]
  sources: SourceName[]
  /** Bound on the whole search, in milliseconds. */
  timeoutMs: number
  /** Also hosts that are not known to be installers. */
  all: boolean
  /** The one machine that `name` means is enough: the others are waited for only as long as they could be meant as well. */
  one?: boolean
  /** Link-local addresses that it may have: asked at once, each by itself. */
  guesses?: string[]
  /**
   * Whose host keys are wanted: everybody's, unless it is said. `doubtful`: of who announces no
   * identity, and of all where several links are searched: one identity may be of a machine on each.
   */
  keysOf?: Search['keysOf'] | 'doubtful'
}

export interface Found {
  machines: Machine[]
  /** All installers that were seen meanwhile, also those that NAME does not mean. */
  installers: Machine[]
  warnings: string[]
}

/**
 * What is known meanwhile of machines with addresses of their own. `settled`: whoever shares the answer to the question has had the time to
 * give it, so that what is known of each machine is hardly added to.
 */
export type Seen = (machines: Machine[], settled: boolean) => void

/**
 * Looks on all links, round after round until something fits or time is up; and again where packets
 * are lost, until a round brings nobody new. Finding nothing is a result. `seen` is told of what is
 * known meanwhile. Throws a Failure for wrong input, or when there is no link to look on.
 */
export async function search(
  options: SearchOptions,
  signal: AbortSignal,
  log: Log,
  seen?: Seen,
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
      advice:
        [...warnings].join('; ') ||
        'plug in the cable, or name the interface with --interface (ip -br link lists them)',
    })
  log.debug({ links: links.map((link) => link.name), sources: options.sources }, 'searching')
  const timeUp = deadline(options.timeoutMs, signal)
  const memory = new Memory()
  try {
    const { sources, all, name } = options
    const keysOf = wantedKeys(options.keysOf, links.length)
    const guesses = [...(options.guesses ?? []), ...(name === undefined ? [] : addressesIn(name))]
    const mayBeMeant = (sighting: Sighting) => !options.one || mayMean(sighting, name ?? '')
    const told = { names: askedNames(name), memory, warn }
    const asked = { links, sources, all, keysOf, guesses, mayBeMeant, ...told }
    let installers: Machine[] = []
    const note = (all: Machine[]) => {
      installers = all.filter((machine) => machine.installer)
    }
    const limited = { ...asked, signal: timeUp.signal }
    const machines = await rounds(limited, { ...options, keysOf }, memory, log, note, seen)
    return { machines, installers, warnings: [...warnings] }
  } finally {
    timeUp.clear()
    memory.close()
    dropFirsts()
  }
}

function wantedKeys(keysOf: SearchOptions['keysOf'] = 'everybody', links: number) {
  if (keysOf !== 'doubtful') return keysOf
  return links > 1 ? 'everybody' : 'strangers'
}

async function rounds(
  asked: Search,
  options: SearchOptions,
  memory: Memory,
  log: Log,
  note: (all: Machine[]) => void,
  seen: Seen | undefined,
): Promise<Machine[]> {
  // What says the same as before, in another round, is remembered once.
  const sightings = new Map<string, Sighting>()
  let known = 0
  for (let quiet = 0; ; quiet++) {
    const began = performance.now()
    const heard: Sighting[] = []
    const present = () => wanted(merge([...sightings.values(), ...heard]), options)
    const lookout = new Lookout(asked.signal, () => {
      const machines = present()
      const until = (memory.askedAt ?? began) + sharedDelayMs + marginMs(asked.links, memory)
      const leftMs = Math.max(0, until - performance.now())
      seen?.(machines.filter(hasOwnAddress), leftMs === 0)
      if (options.one) return verdict(machines, options, leftMs)
      return leftMs || 'go on'
    })
    for await (const sighting of scan({ ...asked, signal: lookout.signal })) {
      log.debug(sighting, 'sighting')
      heard.push(sighting)
      if (options.one || seen) lookout.soon()
    }
    lookout.end()
    const all = merge([...sightings.values(), ...heard])
    note(all)
    const machines = wanted(all, options)
    if (lookout.signal.aborted) return machines
    if (machines.length > known) quiet = 0
    const lossy = memory.lossy || showsLoss(heard)
    if (machines.length > 0 && (!lossy || quiet >= quietRounds)) return machines
    if (lossy) log.debug({ machines: machines.length }, 'packets are lost: asking again')
    known = machines.length
    remember(sightings, heard)
    await sleep(began + roundMs - performance.now(), asked.signal)
  }
}

/** Rounds that brought nobody new, where packets are lost: whoever was missed in one is seldom missed in two. */
const quietRounds = 2

/** The latest count: rounds without end are not to be memory without end. */
function remember(sightings: Map<string, Sighting>, heard: readonly Sighting[]): void {
  for (const sighting of heard) {
    const key = JSON.stringify({ ...sighting, at: 0 })
    sightings.delete(key)
    sightings.set(key, sighting)
  }
  for (const key of sightings.keys()) {
    if (sightings.size <= maxRemembered) break
    sightings.delete(key)
  }
}

/**
 * On top of the longest delay of an answer, in milliseconds: there and back, and a machine that wakes
 * up. Where each link has shown how long that takes, twice as long.
 */
const longestMarginMs = 60
const leastMarginMs = 20

function marginMs(links: readonly Link[], { direct }: Memory): number {
  const slowest = links.map(({ name }) => direct.get(name)?.slowestMs ?? longestMarginMs)
  return Math.min(Math.max(2 * Math.max(...slowest), leastMarginMs), longestMarginMs)
}

/**
 * Whether one machine may be gone to before the round is over: an ssh server proved a host key there,
 * or answered where its key is not wanted, and NAME is its own address on a link, or whoever may be
 * meant as well, or claims to be this one, has had the time to say so; `leftMs` of it is left. Of
 * several cards each is to show its key: they may be several machines.
 */
function verdict(
  machines: readonly Machine[],
  { name = '', sources, keysOf }: SearchOptions,
  leftMs: number,
): Verdict {
  const [machine, ...others] = machines
  if (!machine || others.length > 0 || machine.links.length > 1) return 'go on'
  const isIdentified = keysOf === 'strangers' && machine.agent !== null
  const isMet = isIdentified ? machine.ssh.reachable : machine.ssh.hostKeys.length > 0
  if (sources.includes('ssh') && !isMet) return 'go on'
  // Its user and its id are told with the service: the key may come first.
  if (sources.includes('service') && machine.agent === null) return 'go on'
  return leftMs === 0 || isOwnAddress(name) ? 'enough' : leftMs
}
