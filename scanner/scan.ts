import { setMaxListeners } from 'node:events'
import { explain } from '../common/failure.ts'
import type { Link } from '../common/links.ts'
import { interleave } from './interleave.ts'
import { withProbes } from './probes.ts'
import type { Question, Sighting, Source, SourceName } from './sighting.ts'
import { mdns } from './sources/mdns.ts'
import { neighbour, readTable } from './sources/neighbour.ts'
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
/** Bound on what is remembered of all rounds: to merge this many takes a second. */
export const maxRemembered = 20_000

export interface Search extends Question {
  links: readonly Link[]
  sources: readonly SourceName[]
  signal: AbortSignal
}

/**
 * One round of every source on every link, and the ssh probes of what they find: every sighting
 * that says something new, as it comes. Ends when all have had the time to answer.
 */
export async function* scan(search: Search): AsyncGenerator<Sighting> {
  const stop = new AbortController()
  // One for each machine that is visited.
  setMaxListeners(0, stop.signal)
  const abort = () => stop.abort()
  search.signal.addEventListener('abort', abort)
  try {
    yield* ask({ ...search, signal: stop.signal })
    if (search.sources.includes('neighbour')) yield* lastLook(search)
  } finally {
    // Whoever leaves early leaves nobody behind who goes on listening.
    search.signal.removeEventListener('abort', abort)
    abort()
  }
}

/** All sources on all links at once; one that fails is a warning. */
function ask(search: Search): AsyncIterable<Sighting> {
  const asked = search.links.flatMap((link) =>
    chosenSources(search.sources).map(([name, source]) => ({
      place: `${name} on ${link.name}`,
      sightings: news(source(link, search, search.signal), `${name} on ${link.name}`, search.warn),
    })),
  )
  const seen = interleave(
    asked.map((each) => each.sightings),
    (error, index) => {
      if (!search.signal.aborted) search.warn(`${asked[index]?.place ?? ''}: ${explain(error)}`)
    },
  )
  return search.sources.includes('ssh') ? withProbes(seen, search.signal) : seen
}

/**
 * What says the same as before, at another time, is left out, and what is too much: before the
 * probes, which remember whom they have still to visit.
 */
async function* news(
  sightings: AsyncIterable<Sighting>,
  from: string,
  warn: Search['warn'],
): AsyncGenerator<Sighting> {
  const known = new Set<string>()
  for await (const sighting of sightings) {
    const key = JSON.stringify({ ...sighting, at: 0 })
    if (known.has(key)) continue
    if (known.size >= maxSightings)
      return warn(
        `${from}: more than ${maxSightings} sightings: something floods the link; the rest is left out`,
      )
    known.add(key)
    yield sighting
  }
}

/** Whoever was spoken to is in the neighbour table now: the MACs of global and IPv4 addresses. */
async function* lastLook({ links, signal, warn }: Search): AsyncGenerator<Sighting> {
  if (signal.aborted) return
  try {
    for (const link of links) yield* readTable(link, signal)
  } catch (error) {
    if (!signal.aborted) warn(`neighbour table: ${explain(error)}`)
  }
}

function chosenSources(names: readonly SourceName[]): [string, Source][] {
  return Object.entries(linkSources).filter(([name]) => names.includes(name as SourceName))
}
