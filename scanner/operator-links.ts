import { exitStatus } from '../common/contract.ts'
import { explain, Failure } from '../common/failure.ts'
import {
  type Link,
  matchesGlob,
  ownIPv4,
  ownLinkLocal,
  readLinks,
  readLinksFromNode,
} from '../common/links.ts'

/** Interfaces that containers, virtual machines and tunnels make: no installer hangs there. */
const noise =
  /^(docker|podman|veth|virbr|vnet|lxc|lxdbr|cni|cali|flannel|tailscale|zt|wg|tun|tap|utun|br-[0-9a-f]{12}$)/

/**
 * The links to search. Without patterns: those that run, multicast, have an address to ask from,
 * and are not noise. With patterns: what they name. Throws a Failure when a pattern names nothing.
 */
export async function searchedLinks(
  globs: readonly string[],
  warn: (sentence: string) => void,
): Promise<Link[]> {
  const links = await presentLinks(warn)
  for (const glob of globs)
    if (!links.some((link) => matchesGlob(link.name, glob)))
      throw new Failure(`no interface '${glob}' here`, {
        exitStatus: exitStatus.usage,
        advice: `there are: ${links.map((link) => link.name).join(', ')}`,
      })
  const named = links.filter((link) =>
    globs.length > 0 ? globs.some((glob) => matchesGlob(link.name, glob)) : !isNoise(link),
  )
  for (const link of globs.length > 0 ? named : [])
    if (!canAsk(link)) warn(`${link.name} has no carrier or no address to ask from`)
  return named.filter(canAsk)
}

async function presentLinks(warn: (sentence: string) => void): Promise<Link[]> {
  if (process.platform !== 'linux') return readLinksFromNode()
  try {
    return await readLinks()
  } catch (error) {
    warn(explain(error))
    return readLinksFromNode()
  }
}

export function isNoise(link: Link): boolean {
  return link.loopback || link.enslaved || noise.test(link.name)
}

function canAsk(link: Link): boolean {
  return link.running && link.multicast && (ownLinkLocal(link) ?? ownIPv4(link)) !== undefined
}
