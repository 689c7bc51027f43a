import { isLinkLocal6 } from '../../common/address.ts'
import { ed25519Randomart, type HostKey, keyKind } from '../host-keys.ts'
import { plain } from './plain.ts'
import { type AgentStatus, type LinkStatus, usableAddresses } from './status.ts'

/** What the banner tells of; an agent's status has it, and so has the kernel, but for the names. */
export type BannerSource = Pick<AgentStatus, 'id' | 'configuredName' | 'user' | 'port' | 'links'>

/** More links than this are told by `installer-agent status`: the login prompt has to stay in sight. */
const maxLinks = 6
const gap = '  '

/**
 * The banner for `width` columns, in lines: how to get in, what to compare (`hostKeys`, ed25519
 * first), and where `qr` is given the code beside it. Nothing but ASCII and the code's blocks, whatever an interface is called.
 */
export function formatBanner(
  source: BannerSource,
  hostKeys: readonly HostKey[],
  qr: readonly string[],
  width: number,
): string[] {
  const parts = [ways(source), heldNames(source), ed25519Randomart(hostKeys)].filter(
    (part) => part.length > 0,
  )
  const beside = parts.flatMap((part, index) => (index > 0 ? ['', ...part] : part)).map(plain)
  const links = source.links.slice(0, maxLinks).flatMap((link) => addressLines(link, width))
  const below = [...links, ...moreLinks(source), ...zoneHint(source), ...fingerprints(hostKeys)]
  return [...joined(qr, beside, width), ...below.map(plain)]
}

/** Where a reader of the code is led; undefined while there is nothing that others could resolve. */
export function sshUri(source: BannerSource, hostKeys: readonly HostKey[]): string | undefined {
  const host = uniqueName(source) ?? routableAddress(source)
  if (!host) return undefined
  const port = source.port === 22 ? '' : `:${source.port}`
  // A fragment is for the reader alone (RFC 3986 section 3.5): programs that open ssh:// ignore it.
  const fingerprint = hostKeys[0] ? `#${hostKeys[0].fingerprint}` : ''
  return `ssh://${source.user}@${host}${port}${fingerprint}`
}

function ways(source: BannerSource): string[] {
  const unique = uniqueName(source)
  const name = heldNames(source)[0]?.replace(/\.local$/, '') ?? source.id
  const commands = [
    ...(name ? [`  scanner ssh ${name}`] : []),
    ...(unique ? [`  ${ssh(source, unique)}`] : []),
  ]
  const isReached = source.links.some((link) => usableAddresses(link).length > 0)
  if (!isReached) return ['No link with an address yet.', 'Is a cable plugged in?']
  return ['Ready to be installed.', 'From a machine on the same link:', ...commands]
}

function ssh({ user, port }: BannerSource, host: string): string {
  return `ssh ${port === 22 ? '' : `-p ${port} `}${user}@${host}`
}

/** The names that answer on any link, the host name first. */
function heldNames({ links }: BannerSource): string[] {
  return [...new Set(links.flatMap(heldOn))]
}

function heldOn({ names }: LinkStatus): string[] {
  return names.filter(({ state }) => state === 'held').map(({ name }) => name)
}

/** A name with the card's MAC in it: no other machine answers to it. */
function uniqueName({ links, configuredName }: BannerSource): string | undefined {
  return links.flatMap(heldOn).find((name) => name !== `${configuredName}.local`)
}

/** An address that means the same on every machine. */
function routableAddress({ links }: BannerSource): string | undefined {
  const address = links.flatMap(usableAddresses).find((each) => !isLinkLocal6(each))
  return address?.includes(':') ? `[${address}]` : address
}

/** `eno1  fe80::5054:ff:fe12:3456  fe80::47  192.0.2.7`, in as many lines as it takes. */
function addressLines(link: LinkStatus, width: number): string[] {
  const indent = ' '.repeat(link.interface.length)
  const lines = [link.interface]
  for (const address of usableAddresses(link)) {
    const longer = `${lines.at(-1)}${gap}${address}`
    if (longer.length <= width || lines.at(-1) === indent) lines[lines.length - 1] = longer
    else lines.push(`${indent}${gap}${address}`)
  }
  return lines
}

function moreLinks({ links }: BannerSource): string[] {
  const more = links.length - maxLinks
  return more > 0 ? [`and ${more} more: installer-agent status`] : []
}

/** A zone means something on the machine that uses it only (RFC 4007 section 6). */
function zoneHint(source: BannerSource): string[] {
  const address = source.links.flatMap(usableAddresses).find(isLinkLocal6)
  if (!address) return []
  return [`${ssh(source, `${address}%IF`)}${gap}(IF: your own interface there)`]
}

function fingerprints(hostKeys: readonly HostKey[]): string[] {
  const kinds = hostKeys.map(({ algorithm }) => keyKind(algorithm))
  const longest = Math.max(0, ...kinds.map((kind) => kind.length))
  return hostKeys.map(
    ({ fingerprint }, index) => `${(kinds[index] ?? '').padEnd(longest)} ${fingerprint}`,
  )
}

/** Side by side where it fits, else one below the other. */
function joined(left: readonly string[], right: readonly string[], width: number): string[] {
  const leftWidth = left[0]?.length ?? 0
  const needed = leftWidth + gap.length + Math.max(0, ...right.map((line) => line.length))
  if (leftWidth === 0 || needed > width) return [...left, ...right]
  const rows = Math.max(left.length, right.length)
  return Array.from({ length: rows }, (_, row) => {
    const beside = right[row] ?? ''
    return `${(left[row] ?? '').padEnd(leftWidth)}${beside && gap}${beside}`.trimEnd()
  })
}
