import { addressKind, macFromLinkLocal } from '../common/address.ts'
import { errorMessage, Failure } from '../common/failure.ts'
import type { Link } from '../common/links.ts'
import { Channel } from './channel.ts'
import { interleave } from './interleave.ts'
import type { Question, Sighting, Source, SourceName } from './sighting.ts'
import { mdns } from './sources/mdns.ts'
import { neighbour, readTable } from './sources/neighbour.ts'
import { service } from './sources/service.ts'
import { probeSsh } from './sources/ssh.ts'
import { staticSource } from './sources/static.ts'

/** The sources that ask a link; `ssh` asks the machines that these find. */
const linkSources: Record<Exclude<SourceName, 'ssh'>, Source> = {
  mdns,
  service,
  neighbour,
  static: staticSource,
}

/** Bound on what is remembered of a link, against one machine that claims to be all of them. */
const maxSightings = 50_000
/** Connections under way at once. */
const maxProbes = 64

export interface Search extends Question {
  links: readonly Link[]
  sources: readonly SourceName[]
  signal: AbortSignal
  /** A source or a link that failed; the others go on. */
  warn(sentence: string): void
}

/**
 * One round of every source on every link, and the ssh probes of what they find: every sighting
 * that says something new, as it comes. Ends when all have had the time to answer.
 */
export async function* scan(search: Search): AsyncGenerator<Sighting> {
  const known = new Set<string>()
  const asked = search.links.flatMap((link) =>
    chosenSources(search.sources).map(([name, source]) => ({
      name,
      link,
      sightings: source(link, search, search.signal),
    })),
  )
  const seen = interleave(
    asked.map((each) => each.sightings),
    (error, index) => {
      const { name = '', link } = asked[index] ?? {}
      if (!search.signal.aborted) search.warn(complaint(`${name} on ${link?.name}`, error))
    },
  )
  const stream = search.sources.includes('ssh') ? withProbes(seen, search) : seen
  for await (const sighting of stream) {
    const { at: _, ...news } = sighting
    const key = JSON.stringify(news)
    if (known.has(key)) continue
    if (known.size >= maxSightings) {
      search.warn(
        `more than ${maxSightings} sightings: something on the link floods it; the rest is left out`,
      )
      return
    }
    known.add(key)
    yield sighting
  }
  if (search.sources.includes('neighbour')) yield* lastLook(search)
}

/** Whoever was spoken to is in the neighbour table now: the MACs of global and IPv4 addresses. */
async function* lastLook({ links, signal, warn }: Search): AsyncGenerator<Sighting> {
  if (signal.aborted) return
  try {
    for (const link of links) yield* readTable(link, signal)
  } catch (error) {
    if (!signal.aborted) warn(complaint('neighbour table', error))
  }
}

function chosenSources(names: readonly SourceName[]): [string, Source][] {
  return Object.entries(linkSources).filter(([name]) => names.includes(name as SourceName))
}

function complaint(subject: string, error: unknown): string {
  const advice = error instanceof Failure && error.advice ? ` (${error.advice})` : ''
  return `${subject}: ${errorMessage(error)}${advice}`
}

/** Passes sightings on and probes each machine among them once, at the first address that fits. */
async function* withProbes(
  seen: AsyncIterable<Sighting>,
  { signal }: Search,
): AsyncGenerator<Sighting> {
  const out = new Channel<Sighting>()
  const probed = new Set<string>()
  const waiting: (() => Promise<void>)[] = []
  let running = 0
  let more = true

  const pump = (): void => {
    while (running < maxProbes && waiting.length > 0) {
      const next = waiting.shift()
      running++
      void next?.().finally(() => {
        running--
        pump()
      })
    }
    if (!more && running === 0) out.end()
  }

  void (async () => {
    for await (const sighting of seen) {
      out.push(sighting)
      for (const address of candidates(sighting, probed))
        waiting.push(async () =>
          out.push(await probeSsh(sighting.link, address, sighting.port ?? 22, signal)),
        )
      pump()
    }
  })().finally(() => {
    more = false
    pump()
  })
  yield* out
}

/** The addresses of a sighting whose machine has not been probed: one a card and port, since all lead to one server. */
function candidates({ link, addresses, mac, port = 22 }: Sighting, probed: Set<string>): string[] {
  const [best] = [...addresses].sort((a, b) => Number(isStatic(a)) - Number(isStatic(b)))
  if (best === undefined) return []
  const card = `${link} ${port} ${mac ?? macFromLinkLocal(best) ?? best}`
  const server = `${link} ${port} ${best}`
  if (probed.has(card) || probed.has(server)) return []
  probed.add(card).add(server)
  return [best]
}

function isStatic(address: string): boolean {
  return addressKind(address) === 'static'
}
