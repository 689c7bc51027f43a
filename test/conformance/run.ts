import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Check, type LinkKind, Violation } from './check.ts'
import { checks } from './checks.ts'
import { Lab } from './lab.ts'
import type { Peer } from './peers.ts'

/** What came of a check on one kind of link. */
export interface Result {
  check: Check
  link: LinkKind
  /** Undefined: kept. */
  violation: string | undefined
  /** The check itself went wrong, so that nothing is known of the peer. */
  broken: boolean
}

/** Checks that follow each other on one machine. */
interface Batch {
  link: LinkKind
  checks: Check[]
}

type Choice = (check: Check, link: LinkKind) => boolean

/** Labs at a time: each is a peer, a voice and a capture, and most of the time all of them wait. */
const usuallyAtATime = 8
/** Checks on one booted peer; booting takes as long as two checks. */
const batchSize = 14
/** Checks on one machine, for each of which the peer is started again. */
const freshBatchSize = 4
/** No check takes longer than that, whatever the peer does. */
const checkLimitMs = 60_000

/** Runs all checks, several peers at a time, and gives the results in the order of the list. */
export async function runChecks(
  peer: Peer,
  atATime = usuallyAtATime,
  wanted: Choice = () => true,
): Promise<Result[]> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    await peer.prepare(folder)
    const waiting = makeBatches(wanted)
    const results: Result[] = []
    const work = async () => {
      for (let batch = waiting.shift(); batch; batch = waiting.shift())
        results.push(...(await runBatch(peer, batch, folder)))
    }
    await Promise.all(Array.from({ length: atATime }, work))
    return inOrder(results)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The longest first, so that none of them is alone at the end. */
function makeBatches(wanted: Choice): Batch[] {
  const links: LinkKind[] = ['IPv6', 'IPv4', 'dual', 'two']
  const batches = links.flatMap((link) => {
    const onLink = checks.filter((check) => check.links.includes(link) && wanted(check, link))
    const [slow, others] = partition(onLink, isSlow)
    const [altering, harmless] = partition(others, (check) => check.alters === true)
    const [shared, fresh] = partition(harmless, (check) => check.peer === 'shared')
    return [
      ...slices(slow, 1),
      ...slices(shared, batchSize),
      ...slices(fresh, freshBatchSize),
      ...slices(altering, 1),
    ].map((each) => ({ link, checks: each }))
  })
  const weight = ({ checks: [first, ...rest] }: Batch) =>
    first && isSlow(first) ? 2 * batchSize : rest.length
  return batches.toSorted((a, b) => weight(b) - weight(a))
}

const isSlow = ({ says }: Check) => /a quarter of the life|fifteen conflicts/.test(says)

function partition<T>(all: readonly T[], isFirst: (each: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((each) => !isFirst(each))]
}

function slices<T>(all: readonly T[], size: number): T[][] {
  const starts = Array.from({ length: Math.ceil(all.length / size) }, (_, i) => i * size)
  return starts.map((at) => all.slice(at, at + size))
}

async function runBatch(peer: Peer, batch: Batch, folder: string): Promise<Result[]> {
  const { link } = batch
  const results: Result[] = []
  let lab: Lab | undefined
  try {
    for (const check of batch.checks) {
      lab ??= await Lab.make(peer, link, folder)
      const result = await runCheck(check, lab)
      results.push(result)
      // What has gone wrong may have left a peer without its name.
      if (result.violation === undefined || (!result.broken && (await lab.holdsHost()))) continue
      lab.end()
      lab = undefined
    }
    return results
  } finally {
    lab?.end()
  }
}

async function runCheck(check: Check, lab: Lab): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`it takes longer than ${checkLimitMs} ms`))
    timer = setTimeout(late, checkLimitMs)
  })
  try {
    await Promise.race([makeReady(check, lab).then(() => check.run(lab)), limit])
    return { check, link: lab.kind, violation: undefined, broken: false }
  } catch (error) {
    return resultOf(check, lab.kind, error)
  } finally {
    clearTimeout(timer)
  }
}

/** The peer as the check wants it. */
async function makeReady(check: Check, lab: Lab): Promise<void> {
  if (check.peer !== 'shared' || !lab.isRunning) {
    await lab.startAnew()
    if (check.peer !== 'off') await lab.boot()
    if (check.peer === 'shared') await lab.settled()
  }
  if (check.peer === 'shared') await lab.quiet()
}

function resultOf(check: Check, link: LinkKind, error: unknown): Result {
  if (error instanceof Violation) return { check, link, violation: error.message, broken: false }
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { check, link, violation: `the check is broken: ${reason}`, broken: true }
}

function inOrder(results: readonly Result[]): Result[] {
  const place = new Map(checks.map((check, index) => [check, index]))
  return results.toSorted((a, b) => (place.get(a.check) ?? 0) - (place.get(b.check) ?? 0))
}
