import { createInterface } from 'node:readline/promises'
import { keyFingerprint } from '../../common/advertisement.ts'
import type { Machine } from '../machine.ts'
import type { Console } from '../options.ts'
import { readHostKey } from '../sources/ssh.ts'
import { introduction, refusal } from './explain.ts'
import { isTrusted, judge, type Shown, type Verdict } from './judge.ts'
import { editKnownHosts, readKnownHosts } from './known-hosts-file.ts'
import { keyType } from './known-hosts-lines.ts'
import { remembered, remembering } from './machines.ts'

/** What the user says of the host key. */
export interface Consent {
  /** `--fingerprint`, read off the console. */
  pinned?: string | undefined
  /** `--accept-new-key`. */
  acceptNewKey?: boolean | undefined
  /** False: a key that would be remembered is not. */
  keep?: boolean
}

/**
 * Makes sure that the machine, whose server has proved a host key, is the one that is remembered
 * under its id, and remembers a new one. Throws a Failure, status 5, when it is not.
 */
export async function establishTrust(
  machine: Machine,
  consent: Consent,
  knownHosts: string,
  console_: Console,
  signal: AbortSignal,
): Promise<void> {
  const before = remembered(await readKnownHosts(knownHosts), machine.id)
  const shown: Shown = {
    ...consent,
    key: machine.ssh.hostKeys[0] ?? '',
    boot: machine.agent?.boot ?? '',
    announced: machine.announcedKeys,
  }
  const verdict = judge(before, shown)
  if (verdict === 'known') return
  const refused = refusal(verdict, machine, shown, before)
  const isVouchedFor = isTrusted(verdict) || (verdict === 'rebooted' && (await saysYes(refused)))
  if (!isVouchedFor) throw refused
  if (consent.keep === false) return
  const key = await readHostKey(machine.target, machine.port, signal)
  // Between two looks another has taken its place, or the connection broke.
  if (!key || keyFingerprint(key) !== shown.key)
    throw refusal('unpinned', machine, { ...shown, key: keyOrNone(key), pinned: shown.key }, before)
  await remember({ ...machine, boot: shown.boot }, [key.toString('base64')], knownHosts)
  const kept: Verdict = verdict === 'new' ? 'new' : 'replaced'
  const type = keyType(key.toString('base64')) ?? ''
  for (const line of introduction(kept, machine, shown.key, type, process.stderr.isTTY))
    console_.say(line)
}

function keyOrNone(key: Buffer | undefined): string {
  return key ? keyFingerprint(key) : 'none'
}

/** Keeps these keys, in base64, as all that is known of the machine. */
export function remember(
  { id, name, boot }: { id: string; name: string | null; boot: string },
  keys: readonly string[],
  knownHosts: string,
): Promise<void> {
  const note = { name, boot, since: new Date().toISOString().slice(0, 10) }
  return editKnownHosts(knownHosts, (lines) => remembering(lines, id, keys, note))
}

/** Asks on the terminal; without one nobody has said yes. */
async function saysYes({ message, advice }: { message: string; advice?: string | undefined }) {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const words = `scanner: ${message}\n  ${advice}\nTake it for the same machine? (yes/no) `
    return (await terminal.question(words)).trim().toLowerCase() === 'yes'
  } finally {
    terminal.close()
  }
}
