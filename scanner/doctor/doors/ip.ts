import { firstLine, runCommand } from '../../../common/command.ts'
import { isMissing } from './missing.ts'

/** What the kernel would do with a packet: by which link it leaves, or why not. */
export type Way = { device: string } | { refused: string }

/** The way to an IPv6 address by a link (ip-route(8)). Throws a Failure when `ip` is missing. */
export async function wayTo(address: string, link: string, signal: AbortSignal): Promise<Way> {
  const args = ['-j', '-6', 'route', 'get', address, 'oif', link]
  const { status, stdout, stderr } = await runCommand('ip', args, signal)
  const device = status === 0 ? first<{ dev?: string }>(stdout)?.dev : undefined
  return device === undefined ? { refused: firstLine(stderr) } : { device }
}

/** A router that somebody has told of, and its link. */
export interface Router {
  address: string
  link: string
}

/** The routers of both families by which the rest of the world is reached. Empty where there is no `ip`. */
export async function readRouters(signal: AbortSignal): Promise<Router[]> {
  const tables = ['-4', '-6'].map(async (family) => {
    return parseRouters(await show([family, 'route', 'show', 'default'], signal))
  })
  return (await Promise.all(tables)).flat()
}

/** Reads the output of `ip -j route show default`. */
export function parseRouters(json: string): Router[] {
  const routes = parse<{ gateway?: string; dev?: string }>(json)
  return routes.flatMap(({ gateway, dev }) =>
    gateway && dev ? [{ address: gateway, link: dev }] : [],
  )
}

/** A link's state, as far as that is more than whether it runs. */
export interface LinkState {
  isUp: boolean
  isDormant: boolean
}

/** By name. Empty where there is no `ip`. */
export async function readStates(signal: AbortSignal): Promise<Map<string, LinkState>> {
  const json = await show(['link', 'show'], signal)
  const links = parse<{ ifname?: string; flags?: string[]; operstate?: string }>(json)
  return new Map(
    links.map(({ ifname = '', flags = [], operstate }) => [
      ifname,
      { isUp: flags.includes('UP'), isDormant: operstate === 'DORMANT' },
    ]),
  )
}

async function show(args: readonly string[], signal: AbortSignal): Promise<string> {
  try {
    return (await runCommand('ip', ['-j', ...args], signal)).stdout
  } catch (error) {
    if (isMissing(error)) return ''
    throw error
  }
}

function first<T>(json: string): T | undefined {
  return parse<T>(json)[0]
}

function parse<T>(json: string): T[] {
  return JSON.parse(json || '[]') as T[]
}
