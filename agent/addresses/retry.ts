import { spread } from '../../common/schedule.ts'

/** The first wait before something is tried again. */
const firstMs = 1000
/**
 * The longest. Duplicate address detection then takes the kernel 1 to 2 s (RFC 4862 section 5.4.2
 * with RetransTimer 1 s), so an address whose holder vanished without a word is ours within 6 s.
 */
const longestMs = 4000

/**
 * How long to wait, in milliseconds, after this many tries that failed before: twice as long each
 * time, with up to half of it taken away at random, so that machines that failed together do not
 * try again together.
 */
export function retryDelay(failures: number, random: () => number): number {
  const most = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 16))
  return spread(most / 2, most, random)
}
