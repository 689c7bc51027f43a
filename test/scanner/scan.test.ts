import t from 'tap'
import { type Search, scan } from '../../scanner/scan.ts'
import { fakeAddress, fakeLink } from '../fakes/link.ts'

/** No interface has this name: whatever is asked on it fails. */
const gone = fakeLink({ name: 'nope0', addresses: [fakeAddress('fe80::1')] })

async function round(over: Partial<Search>) {
  const warnings: string[] = []
  const began = performance.now()
  const search: Search = {
    links: [gone],
    sources: ['mdns', 'service', 'static'],
    names: ['NixOS'],
    signal: new AbortController().signal,
    warn: (sentence) => warnings.push(sentence),
    ...over,
  }
  let sightings = 0
  for await (const _ of scan(search)) sightings++
  return { sightings, warnings, lastedMs: performance.now() - began }
}

t.test('sources that fail are warnings, and the round ends by itself', async (t) => {
  const { sightings, warnings } = await round({})
  t.equal(sightings, 0)
  t.match(
    warnings.find((each) => each.startsWith('mdns on nope0')),
    /nope0/,
  )
  t.equal(new Set(warnings).size, 1, 'one sentence for the link')
})

t.test('nothing to ask, or nobody who waits for it, is over at once', async (t) => {
  for (const over of [{ sources: [] }, { links: [] }, { signal: AbortSignal.abort() }]) {
    const { sightings, warnings } = await round(over)
    t.same([sightings, warnings.filter((each) => !each.startsWith('mdns on nope0'))], [0, []])
  }
})

t.test('it leaves nothing behind that listens to the signal of its caller', async (t) => {
  const controller = new AbortController()
  const { signal } = controller
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--
    remove(...args)
  }
  await round({ signal, links: [fakeLink({ name: 'nope0' })], sources: ['mdns'] })
  t.equal(listeners, 0)
})
