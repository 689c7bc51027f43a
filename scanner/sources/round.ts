import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Link } from '../../common/links.ts'
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

/**
 * Resolves when the group's question is on its way: to start a program takes as long as an answer,
 * which comes in meanwhile.
 */
export async function questionFirst({ querier }: Round): Promise<void> {
  await querier
  await nextTurn()
}
