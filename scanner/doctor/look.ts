import type { Link } from '../../common/links.ts'
import type { Log } from '../../common/log.ts'
import { deadline, sleep } from '../../common/schedule.ts'
import { addressesIn, askedNames, wanted } from '../choose.ts'
import type { Machine } from '../machine.ts'
import { Memory } from '../memory.ts'
import { merge } from '../merge.ts'
import { roundMs, scan, type Way } from '../scan.ts'
import { type Sighting, sourceNames } from '../sighting.ts'

/** What a search has shown. */
export interface Look {
  /** Everybody, also who is no installer. */
  machines: Machine[]
  /** The installers that NAME means; all of them without. */
  meant: Machine[]
  /** How the links were, one entry each. */
  ways: Way[]
  warnings: string[]
}

/** The second tells that the first has not missed anybody by chance. */
const mostRounds = 2

/** Two rounds on a busy machine; a server that says nothing would hold one up for longer. */
const lookMs = 5000

/** Looks on the links as `scanner find` does, and keeps what it tells of the way that packets have. */
export async function look(
  links: readonly Link[],
  name: string | undefined,
  log: Log,
  signal: AbortSignal,
): Promise<Look> {
  const memory = new Memory()
  const timeUp = deadline(lookMs, signal)
  const sightings: Sighting[] = []
  const ways = new Map<string, Way>()
  const warnings = new Set<string>()
  const asked = {
    links,
    sources: sourceNames,
    names: askedNames(name),
    guesses: name === undefined ? [] : addressesIn(name),
    all: false,
    memory,
    signal: timeUp.signal,
    warn: (sentence: string) => void warnings.add(sentence),
    observe: (way: Way) => void ways.set(way.link.name, way),
  }
  const seen = (): Look => {
    const machines = merge(sightings)
    const meant = wanted(machines, { name, all: false })
    return { machines, meant, ways: [...ways.values()], warnings: [...warnings] }
  }
  try {
    for (let round = 1; links.length > 0 && !timeUp.signal.aborted; round++) {
      const began = performance.now()
      for await (const sighting of scan(asked)) {
        log.debug(sighting, 'sighting')
        sightings.push(sighting)
      }
      if (round >= mostRounds || seen().meant.length > 0) break
      await sleep(began + roundMs - performance.now(), timeUp.signal)
    }
    return seen()
  } finally {
    timeUp.clear()
    memory.close()
  }
}
