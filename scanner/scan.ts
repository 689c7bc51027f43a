import { setMaxListeners } from 'node:events'
import { isLinkLocal6 } from '../common/address.ts'
import { explain } from '../common/failure.ts'
import type { Link } from '../common/links.ts'
import { sleep } from '../common/schedule.ts'
import { interleave } from './interleave.ts'
import { answersWereLost, fullTableWarning, nearlyFull } from './loss.ts'
import { place } from './macs.ts'
import { Memory } from './memory.ts'
import { type Visits, withProbes } from './probes.ts'
import type { Question, Sighting, SourceName } from './sighting.ts'
import { DirectQuestions } from './sources/direct.ts'
import { dropsGroup, dropsGroupWarning } from './sources/firewall.ts'
import { mdnsWarning } from './sources/gone.ts'
import { mdns } from './sources/mdns.ts'
import { neighbour, readTable } from './sources/neighbour.ts'
import { Patience } from './sources/patience.ts'
import type { Querier } from './sources/querier.ts'
import { hostQuestions, serviceQuestions } from './sources/questions.ts'
import type { Round, Source } from './sources/round.ts'
import { service } from './sources/service.ts'
import { staticSource } from './sources/static.ts'

/** The sources that ask a link; `ssh` asks the machines that these find. */
const linkSources: Record<Exclude<SourceName, 'ssh'>, Source> = {
  mdns,
  service,
  neighbour,
  static: staticSource,
}

/**
 * Bound on what one source tells of one link in a round, against one machine that claims to be all of
 * them: of 1,000 installers it tells three times each. Its own for each source, so that whoever
 * floods one hides nobody from the others.
 */
const maxSightings = 5000
/** Bound on what is remembered of all rounds, what says the same counted once: to merge this many takes a second. */
export const maxRemembered = 20_000
/** RFC 6762 section 5.2: a question is not asked again within a second. */
export const roundMs = 1000

export interface Search extends Question {
  links: readonly Link[]
  sources: readonly SourceName[]
  signal: AbortSignal
  /** False: machines that are not known to be installers are not visited; they are not wanted. */
  all?: boolean
  /** Whose ssh servers are visited: everybody's, unless one machine is enough. */
  mayBeMeant?: (sighting: Sighting) => boolean
  /** Whose host keys are wanted: everybody's, unless it is said. */
  keysOf?: Visits['keysOf']
  /** Link-local addresses to ask at once, because the wanted machine may have them. */
  guesses?: readonly string[]
  /** From round to round; a scan without is a search of its own. */
  memory?: Memory
  /** Told of each link when a round is over. */
  observe?: (way: Way) => void
}

/** What has come through on a link, and what has not. */
export interface Way extends Pick<Round, 'link' | 'echoes'> {
  /** Undefined where there was nothing to ask with. */
  querier: Pick<Querier, 'heard' | 'hearsGroup' | 'askedGroup'> | undefined
}

/**
 * One round of every source on every link, and the ssh probes of what they find: every sighting
 * that says something new, as it comes. Ends when all have had the time to answer, and when nothing
 * that fits was seen after a second.
 */
export async function* scan(search: Search): AsyncGenerator<Sighting> {
  const { links, memory = new Memory() } = search
  // Asked again because packets are lost: the slow and those who try again have a whole second.
  const leastMs = memory.lossy ? roundMs : 0
  memory.lossy = false
  memory.askedAt = undefined
  const stop = new AbortController()
  // One for each machine that is visited.
  setMaxListeners(0, stop.signal)
  const abort = () => stop.abort()
  search.signal.addEventListener('abort', abort)
  if (search.signal.aborted) abort()
  const patience = new Patience(stop.signal, roundMs)
  patience.expect('whoever is late', leastMs)
  const rounds = links.map((link) => openRound(link, search, memory, patience))
  try {
    const seen = ask(search, memory, rounds)
    const { all = true, keysOf = 'everybody', mayBeMeant = () => true } = search
    const isWanted = (sighting: Sighting) =>
      (all || sighting.installer === true) && mayBeMeant(sighting)
    const visits = { isWanted, keysOf, visited: memory.visited }
    const probed = search.sources.includes('ssh') ? withProbes(seen, stop.signal, visits) : seen
    const reads = search.sources.includes('neighbour')
    yield* reads ? withTable(probed, search, memory, rounds, stop.signal) : probed
    for (const round of rounds) await judge(round, search, memory)
  } finally {
    // Whoever leaves early leaves nobody behind who goes on listening.
    search.signal.removeEventListener('abort', abort)
    abort()
    if (!search.memory) memory.close()
  }
}

/** Whoever was spoken to is in the neighbour table then: the MACs of global and IPv4 addresses. */
async function* withTable(
  sightings: AsyncIterable<Sighting>,
  { links, warn }: Search,
  memory: Memory,
  rounds: readonly Round[],
  signal: AbortSignal,
): AsyncGenerator<Sighting> {
  const sighted = new Set<string>()
  for await (const sighting of sightings) {
    for (const address of sighting.addresses) sighted.add(place(sighting.link, address))
    yield sighting
  }
  if (signal.aborted) return
  for await (const sighting of readTable(links, signal, warn)) {
    memory.lossy ||= isHeldUp(sighting, rounds, sighted)
    yield sighting
  }
}

/** What a round tells of the way that packets have, beside what it found. */
async function judge(round: Round, search: Search, memory: Memory): Promise<void> {
  const { warn, observe, sources } = search
  const { link, querier, direct, echoes } = round
  const asker = await querier
  observe?.({ link, echoes, querier: asker })
  if (!asker) return
  if (dropsGroup(asker)) warn(dropsGroupWarning(link))
  const evidence = {
    ...asker.answered,
    echoes: sources.some(asksForEchoes) ? echoes : undefined,
    seen: direct.seen,
  }
  memory.lossy ||= direct.lossy || answersWereLost(evidence)
  if (direct.seen >= nearlyFull) warn(fullTableWarning)
}

/**
 * Whether somebody has come into the neighbour table who was not seen and not heard: it asked for our
 * MAC, and that answer got lost. It asks again after a second, and keeps all that it has to say until
 * then (RFC 4861 sections 7.2.2 and 10, RETRANS_TIMER).
 */
function isHeldUp(
  { link, addresses }: Sighting,
  rounds: readonly Round[],
  sighted: ReadonlySet<string>,
): boolean {
  const direct = rounds.find((round) => round.link.name === link)?.direct
  return addresses.some(
    (address) =>
      isLinkLocal6(address) && !sighted.has(place(link, address)) && !direct?.knows(address),
  )
}

function openRound(link: Link, search: Search, memory: Memory, patience: Patience): Round {
  const { names, warn, guesses = [] } = search
  const querier = memory.querier(link, warn)
  const direct = new DirectQuestions(querier, names, patience, memory.answered(link.name))
  memory.direct.set(link.name, direct)
  for (const address of guesses) direct.greet(address, false)
  const echoes = { sent: 0, answered: 0 }
  return { link, question: { names, warn }, patience, querier, direct, echoes }
}

/** All sources on all links at once; one that fails is a warning. */
function ask(search: Search, memory: Memory, rounds: readonly Round[]): AsyncIterable<Sighting> {
  const asked = rounds.flatMap((round) =>
    runningSources(search.sources).map(([name, source]) => {
      const place = `${name} on ${round.link.name}`
      return { place, sightings: news(source(round), place, round, search) }
    }),
  )
  // The sources listen now: the question may leave.
  for (const round of rounds) {
    const itself = `the question on ${round.link.name}`
    round.patience.expect(itself, roundMs)
    void askGroup(round, search, memory).finally(() => round.patience.met(itself))
  }
  return interleave(
    asked.map((each) => each.sightings),
    (error, index) => {
      if (!search.signal.aborted) search.warn(`${asked[index]?.place ?? ''}: ${explain(error)}`)
    },
  )
}

/** One combined question a family, of what the chosen sources want to know. */
async function askGroup({ link, querier, patience }: Round, search: Search, memory: Memory) {
  const { sources, names, warn } = search
  const questions = [
    ...(sources.includes('service') ? serviceQuestions() : []),
    ...(sources.includes('mdns') ? hostQuestions(names) : []),
  ]
  const asker = await querier
  if (!asker || questions.length === 0) return
  for (let tries = 1; !patience.signal.aborted; tries++)
    try {
      // A watch has an Ear that asks the group.
      const { at, delayMs } = await asker.ask(questions, search.memory !== undefined)
      memory.askedAt = Math.max(memory.askedAt ?? 0, at)
      return patience.asked(delayMs, at)
    } catch (error) {
      // What was refused has not been asked: a full table or queue may have room soon.
      if (tries < maxTries) await sleep(retryMs, patience.signal)
      else {
        warn(mdnsWarning(link, error))
        return memory.drop(link.name)
      }
    }
}

/** How often in a round a question is given to the kernel that refuses it, and how long after. */
const maxTries = 5
const retryMs = 50

/**
 * The chosen sources; and whoever is seen by an echo is asked directly, and what it answers is read by
 * those that read answers.
 */
function runningSources(names: readonly SourceName[]): [string, Source][] {
  const reads = names.some(asksForEchoes)
  return Object.entries(linkSources).filter(
    ([name]) => names.includes(name as SourceName) || (reads && isReader(name)),
  )
}

function asksForEchoes(source: SourceName): boolean {
  return source === 'neighbour' || source === 'static'
}

function isReader(source: string): boolean {
  return source === 'mdns' || source === 'service'
}

/**
 * What says the same as before, at another time, is left out, and what is too much: before the
 * probes, which remember whom they have still to visit.
 */
async function* news(
  sightings: AsyncIterable<Sighting>,
  from: string,
  { patience }: Round,
  { sources, all, warn }: Search,
): AsyncGenerator<Sighting> {
  const known = new Set<string>()
  const asker = sources.includes('neighbour') ? 'neighbour' : 'static'
  for await (const sighting of sightings) {
    const key = JSON.stringify({ ...sighting, at: 0 })
    if (known.has(key)) continue
    if (known.size >= maxSightings)
      return warn(
        `${from}: more than ${maxSightings} sightings: something floods the link; the rest is left out`,
      )
    known.add(key)
    patience.heard(all === true || sighting.installer === true)
    // A source that was not chosen reads what a chosen one has asked for.
    yield sources.includes(sighting.source) ? sighting : { ...sighting, source: asker }
  }
}
