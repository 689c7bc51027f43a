import { firstLine, runCommand } from '../../../common/command.ts'
import { Failure } from '../../../common/failure.ts'
import { isMissing } from './missing.ts'

/** What a firewall's own command says of its rules; `hidden`: only root may see them. */
export type Said = { text: string } | 'hidden' | 'missing'

/** nftables' rules as JSON (libnftables-json(5)); those that iptables-nft made are among them. */
export function readNftables(signal: AbortSignal): Promise<Said> {
  return ask('nft', ['-j', 'list', 'ruleset'], signal)
}

/** The rules of iptables(8), one family. */
export function readIptables(family: 'IPv4' | 'IPv6', signal: AbortSignal): Promise<Said> {
  return ask(family === 'IPv4' ? 'iptables-save' : 'ip6tables-save', [], signal)
}

/** Whether firewalld runs, and lets mDNS in on a link (firewall-cmd(1)). */
export interface Firewalld {
  isRunning: boolean
  zone: string | undefined
  letsMdnsIn: boolean
}

/** Undefined where there is no firewalld, or it says nothing to this user. */
export async function askFirewalld(
  link: string,
  signal: AbortSignal,
): Promise<Firewalld | undefined> {
  const state = await ask('firewall-cmd', ['--state'], signal)
  if (typeof state === 'string') return undefined
  if (state.text !== 'running') return { isRunning: false, zone: undefined, letsMdnsIn: false }
  const zone =
    textOf(await ask('firewall-cmd', [`--get-zone-of-interface=${link}`], signal)) ??
    textOf(await ask('firewall-cmd', ['--get-default-zone'], signal))
  const query = [...(zone ? [`--zone=${zone}`] : []), '--query-service=mdns']
  const answer = textOf(await ask('firewall-cmd', query, signal))
  return { isRunning: true, zone, letsMdnsIn: answer === 'yes' }
}

function textOf(said: Said): string | undefined {
  return typeof said === 'string' || said.text === '' ? undefined : said.text
}

async function ask(command: string, args: readonly string[], signal: AbortSignal): Promise<Said> {
  try {
    const { status, stdout, stderr } = await runCommand(command, args, signal)
    if (status !== 0 && /permi(tted|ssion)|must be root|authoriz/i.test(stderr)) return 'hidden'
    if (status !== 0 && stdout === '' && command === 'nft') throw new Failure(firstLine(stderr))
    return { text: stdout.trim() }
  } catch (error) {
    if (signal.aborted || !isMissing(error)) throw error
    return 'missing'
  }
}
