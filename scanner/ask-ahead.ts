import { existsSync } from 'node:fs'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { isIPv4, isLinkLocal6 } from '../common/address.ts'
import { matchesGlob } from '../common/links.ts'
import { madeUpNames } from './left-out.ts'
import type { Ahead } from './look-ahead.ts'
import { readPlainly } from './plain-words.ts'
import { askFirst, type FirstQuestion } from './sources/first-question.ts'
import { splitSshArguments } from './ssh/arguments.ts'
import { findOptions } from './verbs/find-options.ts'

/** Asks what a command line will want to know before the programs that read it are loaded. */
export async function askAhead(argv: readonly string[]): Promise<Ahead> {
  const firsts = await askLinks(argv)
  // The kernel tells which links there are to ask: where one is asked already, that has time.
  if (firsts.length > 0 || process.platform !== 'linux') return { firsts, shown: undefined }
  const { showAddresses } = await import('../common/address-show.ts')
  return { firsts, shown: showAddresses() }
}

/**
 * Asks the group on the links that will be searched, as far as that is certain without `ip`: on any
 * other it is asked later, when its kind is known.
 */
async function askLinks(argv: readonly string[]): Promise<FirstQuestion[]> {
  const globs = searchedGlobs(argv)
  if (globs === undefined) return []
  const isSearched = (name: string) =>
    globs.length > 0 ? globs.some((each) => matchesGlob(name, each)) : leadsOut(name)
  const asked = Object.entries(networkInterfaces()).map(async ([name, entries = []]) => {
    const own = ownAddresses(entries)
    return own.length > 0 && isSearched(name) ? askFirst(name, own) : undefined
  })
  return (await Promise.all(asked)).flatMap((each) => each ?? [])
}

/** The patterns that a plain command line names its links by, none for all; undefined where it does not ask everybody. */
export function searchedGlobs([verb, ...words]: readonly string[]): string[] | undefined {
  if (verb === 'find') {
    const read = readPlainly(words, findOptions)
    return read?.values.has('source') ? undefined : read && (read.values.get('interface') ?? [])
  }
  if (verb === 'ssh') {
    const { own, destination } = splitSshArguments(words)
    return destination !== undefined && own.length === 0 ? [] : undefined
  }
  const isPlain =
    verb === 'proxy' && words.length === 2 && !words.some((each) => each.startsWith('-'))
  return isPlain ? [] : undefined
}

/** As `ownLinkLocal` and `ownIPv4` have them; the addresses of a loopback lead nowhere. */
function ownAddresses(entries: readonly NetworkInterfaceInfo[]): string[] {
  const outside = entries.filter(({ internal }) => !internal).map(({ address }) => address)
  return [outside.find(isLinkLocal6), outside.find(isIPv4)].flatMap((address) => address ?? [])
}

/** Whether a cable or radio is behind it, and it is no port of a bridge or bond. In another network namespace sysfs may not have it. */
function leadsOut(name: string): boolean {
  const folder = `/sys/class/net/${name}`
  if (!existsSync(folder)) return !madeUpNames.test(name)
  return existsSync(`${folder}/device`) && !existsSync(`${folder}/master`)
}
