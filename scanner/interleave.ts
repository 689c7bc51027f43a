import { Channel } from './channel.ts'

/** Gives what several iterables give, as it comes. An error of one goes to `failed`; the others go on. */
export function interleave<T>(
  iterables: readonly AsyncIterable<T>[],
  failed: (error: unknown, index: number) => void,
): AsyncIterable<T> {
  const channel = new Channel<T>()
  const pumps = iterables.map(async (iterable, index) => {
    try {
      for await (const item of iterable) channel.push(item)
    } catch (error) {
      failed(error, index)
    }
  })
  void Promise.all(pumps).then(() => channel.end())
  return channel
}
