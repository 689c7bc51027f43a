import type { Querier } from '../../scanner/sources/querier.ts'
import { fakeAddress, fakeLink } from './link.ts'

/** A querier that asks nobody: keeps whom it was to ask, and hears what the test says. */
export function fakeQuerier() {
  type Listener = (answer: { address: string; door: string }) => void
  const listening = new Set<Listener>()
  const fake = {
    link: fakeLink({ addresses: [fakeAddress('fe80::1')] }),
    heard: { fromGroup: 0, direct: 0, ownQuestion: false },
    asked: [] as string[],
    /** The kernel sends nothing. */
    refuses: false,
    listening,
    onAnswer(listener: Listener) {
      listening.add(listener)
      return () => listening.delete(listener)
    },
    async caughtUp() {},
    async askDirectly(address: string) {
      if (fake.refuses) throw new Error('ENOBUFS')
      fake.asked.push(address)
    },
    isDirect: (door: string) => door === 'direct',
    answer(address: string, door = 'direct') {
      for (const listener of listening) listener({ address, door })
    },
  }
  return { fake, querier: fake as unknown as Querier }
}
