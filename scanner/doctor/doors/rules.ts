import { runCommand } from '../../../common/command.ts'
import { isMissing } from './missing.ts'

/** What a firewall's own command says of its rules; `hidden`: only root may see them; `missing`: there are none. */
export type Said = { text: string } | 'hidden' | 'missing'

/** nftables' rules as JSON (libnftables-json(5)); those that iptables-nft made are among them. */
export function readNftables(signal: AbortSignal): Promise<Said> {
  return ask('nft', ['-j', 'list', 'ruleset'], signal)
}

/** The rules of iptables(8), one family. */
export function readIptables(family: 'IPv4' | 'IPv6', signal: AbortSignal): Promise<Said> {
  return ask(family === 'IPv4' ? 'iptables-save' : 'ip6tables-save', [], signal)
}

/** What a running firewalld does with mDNS on a link (firewall-cmd(1)). */
export interface Firewalld {
  zone: string | undefined
  letsMdnsIn: boolean
}

/** Undefined where none runs, or it says nothing to this user. */
export async function askFirewalld(
  link: string,
  signal: AbortSignal,
): Promise<Firewalld | undefined> {
  const tell = async (...args: string[]) => textOf(await ask('firewall-cmd', args, signal))
  if ((await tell('--state')) !== 'running') return undefined
  const zone = (await tell(`--get-zone-of-interface=${link}`)) ?? (await tell('--get-default-zone'))
  const answer = await tell(...(zone ? [`--zone=${zone}`] : []), '--query-service=mdns')
  return { zone, letsMdnsIn: answer === 'yes' }
}

function textOf(said: Said): string | undefined {
  return typeof said === 'string' ? undefined : said.text
}

/** A command that fails and says nothing, as without its part of the kernel, has no rules. */
async function ask(command: string, args: readonly string[], signal: AbortSignal): Promise<Said> {
  try {
    const { status, stdout, stderr } = await runCommand(command, args, signal)
    if (status !== 0 && /permi(tted|ssion)|must be root|authoriz/i.test(stderr)) return 'hidden'
    return status !== 0 && stdout === '' ? 'missing' : { text: stdout.trim() }
  } catch (error) {
    if (signal.aborted || !isMissing(error)) throw error
    return 'missing'
  }
}
