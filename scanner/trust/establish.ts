import { keyFingerprint } from '../../common/advertisement.ts'
import type { Failure } from '../../common/failure.ts'
import type { Machine } from '../machine.ts'
import type { Console } from '../options.ts'
import { ask, canAsk } from '../question.ts'
import { preferredType, readHostKey } from '../sources/ssh.ts'
import { introduction, refusal } from './explain.ts'
import { isTrusted, judge, type Shown, type Verdict } from './judge.ts'
import { editKnownHosts, readKnownHosts } from './known-hosts-file.ts'
import { keyType, type Line } from './known-hosts-lines.ts'
import { namesakesOf, remembered, remembering, typesOf } from './machines.ts'

/** What the user says of the host key. */
export interface Consent {
  /** `--fingerprint`, read off the console. */
  pinned?: string | undefined
  /** `--accept-new-key`. */
  acceptNewKey?: boolean | undefined
  /** False: a key that would be remembered is not. */
  keep?: boolean
  /** The NAME that was typed. */
  name?: string
}

/**
 * Makes sure that the machine is the one that is remembered under its id, by the host key that its
 * server proves to hold, and remembers a new one; false when no key could be read, and nothing is
 * known. Throws a Failure, status 5, when it is not.
 */
export async function establishTrust(
  machine: Machine,
  consent: Consent,
  knownHosts: string,
  console_: Console,
  signal: AbortSignal,
): Promise<boolean> {
  const lines = await readKnownHosts(knownHosts)
  const before = remembered(lines, machine.id)
  const { key, blob } = await lookAtKey(machine, lines, signal)
  if (key === undefined && consent.pinned === undefined) return false
  const shown = shownBy(machine, key ?? 'none', consent, lines)
  const verdict = judge(before, shown)
  if (verdict === 'known') return true
  const refused = refusal(verdict, machine, shown, before)
  if (!isTrusted(verdict) && !(await saysYes(verdict, refused, signal))) throw refused
  if (consent.keep === false) return true
  const justRead = isTrusted(verdict) ? blob : undefined
  const proven = justRead ?? (await readHostKey(machine.target, machine.port, signal))
  // Between two looks another has taken its place, or the connection broke.
  if (!proven || keyFingerprint(proven) !== shown.key)
    throw refusal(
      'unpinned',
      machine,
      { ...shown, key: nameOfKey(proven), pinned: shown.key },
      before,
    )
  await remember({ ...machine, boot: shown.boot }, [proven.toString('base64')], knownHosts)
  const kept = before ? 'replaced' : 'new'
  const type = keyType(proven.toString('base64')) ?? ''
  for (const line of introduction(kept, machine, shown.key, type, process.stderr.isTTY))
    console_.say(line)
  return true
}

/** Whether a key, in base64, is the one that is remembered of the machine, and nothing is to be said of it. */
export function isAsRemembered(
  machine: Machine,
  key: string,
  consent: Consent,
  lines: readonly Line[],
): boolean {
  const fingerprint = keyFingerprint(Buffer.from(key, 'base64'))
  const shown = shownBy(machine, fingerprint, consent, lines)
  return judge(remembered(lines, machine.id), shown) === 'known'
}

function shownBy(
  { id, agent, announcedKeys: announced }: Machine,
  key: string,
  consent: Consent,
  lines: readonly Line[],
): Shown {
  const namesakes = namesakesOf(lines, consent.name ?? '', id)
  return { ...consent, key, boot: agent?.boot ?? '', announced, namesakes }
}

/**
 * Fingerprint of the key that the search has seen, or of one that is read now: where that was not
 * done, and where only keys of other types than it asks for are remembered.
 */
export async function shownKey(
  machine: Machine,
  lines: readonly Line[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const { key } = await lookAtKey(machine, lines, signal)
  return key
}

/** The same, with the key itself where it was read now. */
async function lookAtKey(
  { id, target, port, ssh }: Machine,
  lines: readonly Line[],
  signal: AbortSignal,
): Promise<{ key: string | undefined; blob?: Buffer }> {
  const [seen] = ssh.hostKeys
  const types = typesOf(lines, id)
  const isComparable = types.length === 0 || types.includes(preferredType)
  if (seen !== undefined && isComparable) return { key: seen }
  const blob = await readHostKey(target, port, signal, types)
  return blob ? { key: keyFingerprint(blob), blob } : { key: seen }
}

function nameOfKey(key: Buffer | undefined): string {
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

/** What there is to ask of a machine that is not trusted. */
const questions: Partial<Record<Verdict, string>> = {
  rebooted: 'Take it for the same machine?',
  stranger: 'Open ssh to it, and remember it as well?',
}

/** Asks on the terminal; without one nobody has said yes, nor by Ctrl-C or Ctrl-D. */
async function saysYes(
  verdict: Verdict,
  { message, advice }: Failure,
  signal: AbortSignal,
): Promise<boolean> {
  const question = questions[verdict]
  if (!question || !canAsk()) return false
  const words = `scanner: ${message}\n         ${advice}\n${question} (yes/no) `
  return (await ask(words, signal))?.trim().toLowerCase() === 'yes'
}
