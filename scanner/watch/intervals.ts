/**
 * Time between one asking and the next, in milliseconds: at least a second between the first two,
 * then at least twice as much each time (RFC 6762 section 5.2), up to `most`.
 */
export function* growingIntervals(first: number, most: number): Generator<number, never> {
  for (let interval = first; ; interval = Math.min(interval * 2, most)) yield interval
}
