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

/** Checks that follow each other on one peer. */
interface Batch {
  link: LinkKind
  checks: Check[]
  fresh: boolean
  booted: boolean
}

/** Labs at a time: each is a peer, a voice and a capture, and most of the time all of them wait. */
const atATime = 6
/** Checks on one booted peer; booting takes as long as two checks. */
const batchSize = 14
/** No check takes longer than that, whatever the peer does. */
const checkLimitMs = 60_000

/** Runs all checks, several peers at a time, and gives the results in the order of the list. */
export async function runChecks(
  peer: Peer,
  wanted: (check: Check, link: LinkKind) => boolean = () => true,
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

/** Those of a batch first, because they take longest. */
function makeBatches(wanted: (check: Check, link: LinkKind) => boolean): Batch[] {
  const links: LinkKind[] = ['IPv6', 'IPv4', 'dual', 'two']
  const alone: Batch[] = []
  const together: Batch[] = []
  for (const link of links) {
    const onLink = checks.filter((check) => check.links.includes(link) && wanted(check, link))
    for (const check of onLink.filter((each) => each.peer !== 'shared'))
      alone.push({ link, checks: [check], fresh: true, booted: check.peer === 'fresh' })
    const shared = onLink.filter((each) => each.peer === 'shared')
    for (let at = 0; at < shared.length; at += batchSize)
      together.push({ link, checks: shared.slice(at, at + batchSize), fresh: false, booted: true })
  }
  const slow = alone.filter((batch) => batch.checks.some((check) => check.says.includes('quarter')))
  return [...slow, ...together, ...alone.filter((batch) => !slow.includes(batch))]
}

async function runBatch(peer: Peer, batch: Batch, folder: string): Promise<Result[]> {
  const { link } = batch
  let lab: Lab | undefined
  try {
    const made = await Lab.make(peer, link, folder)
    lab = made
    if (batch.booted) await made.boot()
    if (!batch.fresh) await made.settled()
    const results: Result[] = []
    for (const check of batch.checks) {
      if (!batch.fresh) await made.quiet()
      results.push(await runCheck(check, made))
    }
    return results
  } catch (error) {
    return batch.checks.map((check) => resultOf(check, link, error))
  } finally {
    lab?.end()
  }
}

async function runCheck(check: Check, lab: Lab): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it takes longer than ${checkLimitMs} ms`)),
      checkLimitMs,
    )
  })
  try {
    await Promise.race([check.run(lab), limit])
    return { check, link: lab.kind, violation: undefined, broken: false }
  } catch (error) {
    return resultOf(check, lab.kind, error)
  } finally {
    clearTimeout(timer)
  }
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
