import { exitStatus } from '../common/contract.ts'
import { explain, Failure } from '../common/failure.ts'
import { type Link, matchesGlob, readLinks, readLinksFromNode } from '../common/links.ts'
import { explainNoIPv6 } from './ipv6-switch.ts'
import { whyLeftOut, whyMute, whyNoise } from './left-out.ts'
import { takeLook } from './look-ahead.ts'

/**
 * The links to search. Without patterns: those that lead to other machines, and have an address to
 * ask from. With patterns: what they name. Throws a Failure when a pattern names nothing.
 */
export async function searchedLinks(
  globs: readonly string[],
  warn: (sentence: string) => void,
): Promise<Link[]> {
  const { meant } = await meantLinks(globs, warn)
  for (const sentence of explainNoIPv6(meant)) warn(sentence)
  for (const link of globs.length > 0 ? meant : []) {
    const reason = whyMute(link)
    if (reason) warn(`${link.name} ${reason}`)
  }
  return meant.filter((link) => whyMute(link) === undefined)
}

/** All links, and those that are meant, whether they can be asked on or not; throws as above. */
export async function meantLinks(
  globs: readonly string[],
  warn: (sentence: string) => void,
): Promise<{ links: Link[]; meant: Link[] }> {
  const links = await presentLinks(warn)
  for (const glob of globs)
    if (!links.some((link) => isNamed(link, glob)))
      throw new Failure(`no interface '${glob}' here`, {
        exitStatus: exitStatus.usage,
        advice: `there are: ${links.map((link) => link.label ?? link.name).join(', ')}`,
      })
  const isNamedByAny = (link: Link) => globs.some((glob) => isNamed(link, glob))
  const isQuiet = (link: Link) => whyNoise(link, links) === undefined
  return { links, meant: links.filter(globs.length > 0 ? isNamedByAny : isQuiet) }
}

/** One line for each link that is not searched without patterns, and why; for `find --verbose`. */
export async function explainLeftOut(warn: (sentence: string) => void): Promise<string[]> {
  const links = await presentLinks(warn)
  return links.flatMap((link) => {
    const reason = whyLeftOut(link, links)
    const name = link.label ?? link.name
    if (reason === undefined) return []
    // What cannot be asked on is not to be had by naming it.
    const override = whyMute(link) ? '' : ` ('--interface ${name}' searches it all the same)`
    return [`${name} is not searched: it ${reason}${override}`]
  })
}

function isNamed({ name, label }: Link, glob: string): boolean {
  return matchesGlob(name, glob) || (label !== undefined && matchesGlob(label, glob))
}

/**
 * A link under the name that is the zone of its addresses: on Windows that is the interface's index
 * (RFC 4007 section 11.2 leaves the form to the system), and the name is for people only.
 */
export function byZone(link: Link, platform: NodeJS.Platform): Link {
  return platform === 'win32' && link.index > 0
    ? { ...link, name: String(link.index), label: link.name }
    : link
}

async function presentLinks(warn: (sentence: string) => void): Promise<Link[]> {
  const { platform } = process
  if (platform !== 'linux') return readLinksFromNode().map((link) => byZone(link, platform))
  try {
    return await readLinks(undefined, takeLook())
  } catch (error) {
    warn(explain(error))
    return readLinksFromNode()
  }
}
