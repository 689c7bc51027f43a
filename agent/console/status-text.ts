import { plain } from './plain.ts'
import type { AgentStatus, LinkStatus, NameStatus } from './status.ts'

/**
 * The status for people: a paragraph a link, in lines of a word for the subject and what is to say
 * of it, so that they can be read in narrow terminals too. Nothing but ASCII, whatever an interface
 * is called.
 */
export function formatStatus(status: AgentStatus): string {
  const { version, pid, started } = status.agent
  const head = [
    `installer-agent ${version}, pid ${pid}, since ${started.slice(0, 19).replace('T', ' ')} UTC`,
    `${status.configuredName}, id ${status.id ?? 'none yet'}, user ${status.user}, ssh port ${status.port}`,
    ...status.hostKeys.map((key) => `host key ${key}`),
  ]
  const links = status.links.map(linkLines)
  if (links.length === 0) links.push(['no link to serve: none has a carrier, or none is wanted'])
  return [head, ...links]
    .map((lines) => lines.map((line) => `${plain(line)}\n`).join(''))
    .join('\n')
}

function linkLines(link: LinkStatus): string[] {
  const widest = Math.max(0, ...link.addresses.map(({ address }) => address.length))
  return [
    `${link.interface}  ${link.mac ?? 'no MAC'}`,
    ...link.addresses.map(({ address, state, ours }) =>
      row('address', `${address.padEnd(widest)}  ${state}${ours ? ', ours' : ''}`),
    ),
    ...staticLines(link),
    ...nameLines(link),
    ...packetLines(link),
    ...link.complaints.map((complaint) => row('trouble', complaint)),
  ]
}

function row(subject: string, text: string): string {
  return `  ${subject.padEnd(8)} ${text}`
}

function staticLines({ static: static_ }: LinkStatus): string[] {
  if (static_?.state !== 'taken') return []
  const { address, retryInMs } = static_
  const next = retryInMs === null ? '' : `, next try in ${Math.ceil(retryInMs / 1000)} s`
  return [row('static', `${address} is held by another machine on the link${next}`)]
}

/** One line a name and state, with the families: IPv4 and IPv6 are two links to mDNS. */
function nameLines(link: LinkStatus): string[] {
  const families = new Map<string, string[]>()
  for (const each of link.names) {
    const key = `${each.name}  ${nameState(each, link.hostname)}`
    families.set(key, [...(families.get(key) ?? []), each.family])
  }
  const lines = [...families].map(([text, list]) => row('name', `${text} (${list.join(', ')})`))
  return link.conflicts > 0 ? [...lines, row('conflict', `${link.conflicts} so far`)] : lines
}

function nameState({ state }: NameStatus, hostname: string): string {
  return state === 'lost' ? `lost to another machine, now ${hostname}` : state
}

function packetLines({ packets, names }: LinkStatus): string[] {
  if (names.length === 0) return []
  const { received, malformed, answered, sent } = packets
  return [
    row(
      'packets',
      `${received} received, ${malformed} malformed, ${answered} answered, ${sent} sent`,
    ),
  ]
}
