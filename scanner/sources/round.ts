import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Link } from '../../common/links.ts'
import { sleep } from '../../common/schedule.ts'
import type { Question, Sighting } from '../sighting.ts'
import type { DirectQuestions } from './direct.ts'
import type { Patience } from './patience.ts'
import type { Querier } from './querier.ts'

/** One round of asking one link: what its sources share. */
export interface Round {
  link: Link
  question: Question
  /** Its signal is aborted when all who will answer have had the time, or when time is up. */
  patience: Patience
  /** Undefined where there is nothing to ask with. */
  querier: Promise<Querier | undefined>
  /** Asks machines one by one, as they are seen. */
  direct: DirectQuestions
  /** Echo requests that left, and replies that came. */
  echoes: { sent: number; answered: number }
}

/** What one source sees in one round on one link. It ends with the round's signal at the latest. */
export type Source = (round: Round) => AsyncIterable<Sighting>

/** An answer to the group's question is heard, and who gave it visited, within it; in milliseconds. */
const headStartMs = 50
/** And in so many turns of the event loop what came is read, told, looked at, and acted upon. */
const headStartTurns = 4
/** On a machine that is that busy. */
const longestHeadStartMs = 1000

/**
 * Resolves when the group's question has had a head start: to start a program takes as long as an
 * answer, and nothing is heard meanwhile.
 */
export async function questionFirst({ link, querier, patience }: Round): Promise<void> {
  const others = `those who are looked for otherwise on ${link.name}`
  patience.expect(others, longestHeadStartMs)
  await querier
  await sleep(headStartMs, patience.signal)
  // A busy machine fires its timers before it reads its sockets.
  for (let turns = 0; turns < headStartTurns; turns++) await nextTurn()
  patience.met(others)
}
