import { isLinkLocal6, linkLocalFromMac } from '../../common/address.ts'
import { allNodes, staticLinkLocal } from '../../common/contract.ts'
import { explain } from '../../common/failure.ts'
import type { Link } from '../../common/links.ts'
import type { Sighting } from '../sighting.ts'
import { echoIn } from './echo.ts'
import { holderOf } from './holder.ts'
import { type Neighbour, readNeighbours } from './neighbour-table.ts'
import { questionFirst, type Round, type Source } from './round.ts'

/** How long 254 questions one by one may take, on a machine that has other work. */
const sweepMs = 2000

/**
 * Everybody on the link: an echo to all nodes, and the neighbour table. The replies' sources count,
 * because a machine that knows us already answers without leaving an entry in our table; the table
 * adds the MACs, those who do not answer echoes, and who holds the static address. Each of them is
 * asked directly as soon as it is seen.
 */
export const neighbour: Source = async function* (round) {
  const { link, direct, patience } = round
  await questionFirst(round)
  const present = entriesOf(round).then((entries) => greetAll(round, entries))
  const holder = holderOf(round).catch(() => undefined)
  const sweeping = `the sweep on ${link.name}`
  let failed = false
  for await (const address of echoIn(round, allNodes, () => {
    failed = true
    patience.expect(sweeping, sweepMs)
  })) {
    const isHolder = address === staticLinkLocal
    if (isHolder) void entriesOf(round).then((entries) => greetHolder(round, entries))
    direct.greet(address, isHolder)
    yield { ...sighting(link, address), installer: isHolder }
  }
  // To answer, they made themselves known: ping may drop replies of a crowd, the table keeps all.
  const entries = failed ? await sweptEntries(round) : await entriesOf(round)
  patience.met(sweeping)
  greetAll(round, entries)
  if (failed) yield* sightingsOf(link, entries)
  await present
  const held = await holder
  if (held?.mac && !patience.signal.aborted) direct.greet(linkLocalFromMac(held.mac), true)
  if (held) yield { ...sighting(link, staticLinkLocal, held.mac), installer: true }
}

/** Loaded when it is needed: most machines can send echoes. */
async function sweptEntries(round: Round): Promise<Neighbour[]> {
  const { sweep } = await import('./sweep.ts')
  await sweep(round)
  return entriesOf(round)
}

/** The link's entries in the neighbour table; what cannot be read is warned of when the table is shown. */
async function entriesOf({ link, patience }: Round): Promise<Neighbour[]> {
  const entries = await readNeighbours(patience.signal).catch(() => [])
  return entries.filter((each) => each.link === link.name)
}

/** At their link-local addresses, and where only another is known, at the one that their MAC would make. */
function greetAll(round: Round, entries: readonly Neighbour[]): void {
  const known = entries.filter((each) => isLinkLocal6(each.address))
  const macs = new Set(known.map((each) => each.mac))
  for (const { address } of known)
    if (address !== staticLinkLocal) round.direct.greet(address, false)
  for (const { mac } of entries)
    if (!macs.has(mac)) round.direct.greet(linkLocalFromMac(mac), false)
}

function greetHolder(round: Round, entries: readonly Neighbour[]): void {
  const holder = entries.find((each) => each.address === staticLinkLocal)
  if (holder) round.direct.greet(linkLocalFromMac(holder.mac), true)
}

/** The links' entries in the neighbour table; a table that cannot be read is a warning. */
export async function* readTable(
  links: readonly Link[],
  signal: AbortSignal,
  warn: (sentence: string) => void,
): AsyncGenerator<Sighting> {
  try {
    const entries = await readNeighbours(signal)
    for (const link of links) yield* sightingsOf(link, entries)
  } catch (error) {
    if (!signal.aborted) warn(explain(error))
  }
}

/** Not the entry of the static address: it stays there after its holder has left. */
function sightingsOf(link: Link, entries: readonly Neighbour[]): Sighting[] {
  const own = new Set(link.addresses.map((each) => each.address))
  return entries
    .filter((each) => each.link === link.name && !own.has(each.address))
    .filter((each) => each.address !== staticLinkLocal)
    .map(({ address, mac }) => sighting(link, address, mac))
}

function sighting(link: Link, address: string, mac?: string): Sighting {
  const seen = { link: link.name, at: Date.now(), addresses: [address] }
  return { source: 'neighbour', ...seen, ...(mac && { mac }) }
}
