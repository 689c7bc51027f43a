import {
  eui64FromMac,
  macFromLinkLocal,
  normalizeAddress,
  normalizeMac,
} from '../../common/address.ts'
import { hostLabel } from '../../common/advertisement.ts'
import { withoutLocal } from '../sighting.ts'
import { hostKeyAlias } from '../ssh/known-hosts.ts'
import { fingerprintOf } from './authorities.ts'
import type { Remembered } from './judge.ts'
import {
  appendLine,
  isAbout,
  type KeyLine,
  keyLine,
  keyType,
  type Line,
} from './known-hosts-lines.ts'

/** A machine whose host keys are in our known_hosts. */
export interface KnownMachine {
  id: string
  /** What it was called when it was remembered; null when that is not known. */
  name: string | null
  /** First eight hex digits of the boot id at that time; empty when it told none. */
  boot: string
  /** The day, ISO 8601; null for a key that ssh has written. */
  since: string | null
  keys: { type: string; fingerprint: string }[]
}

/** What is written beside a key, for us: ssh passes over it (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface Note {
  name: string | null
  boot: string
  since: string | null
}

/** The lines with keys of a machine; of one whose name ssh has hashed as well. */
function linesOf(lines: readonly Line[], id: string): KeyLine[] {
  const alias = hostKeyAlias(id)
  return lines.filter(
    (line): line is KeyLine =>
      line.kind === 'key' && line.marker === undefined && isAbout(line, alias),
  )
}

/** What is remembered of a machine; undefined when nothing is. */
export function remembered(lines: readonly Line[], id: string): Remembered | undefined {
  const own = linesOf(lines, id)
  if (own.length === 0) return undefined
  const boot = own.map((line) => readNote(line).boot).findLast((each) => each !== '') ?? ''
  return { keys: own.map(fingerprintOf), boot }
}

/** The types of the keys that are remembered of a machine. */
export function typesOf(lines: readonly Line[], id: string): string[] {
  return [...new Set(linesOf(lines, id).map(({ type }) => type))]
}

/** Its keys as lines about another host name: what ssh is to hear of them. */
export function keysFor(lines: readonly Line[], id: string, host: string): string[] {
  return linesOf(lines, id).map(({ type, key }) => `${host} ${type} ${key}`)
}

/** All machines that are remembered, by name; not those whose name ssh has hashed. */
export function knownMachines(lines: readonly Line[]): KnownMachine[] {
  const ids = new Set(
    lines.flatMap((line) =>
      line.kind === 'key' ? line.patterns.flatMap((each) => idOf(each) ?? []) : [],
    ),
  )
  const machines = [...ids].flatMap((id): KnownMachine[] => {
    const own = linesOf(lines, id)
    const last = own.at(-1)
    if (!last) return []
    const keys = own.map((line) => ({ type: line.type, fingerprint: fingerprintOf(line) }))
    return [{ id, ...readNote(last), keys }]
  })
  return machines.sort(
    (a, b) => (a.name ?? '').localeCompare(b.name ?? '') || (a.id < b.id ? -1 : 1),
  )
}

function idOf(pattern: string): string | undefined {
  // ssh compares host names without case.
  return /^installer-([0-9a-f]{16})$/i.exec(pattern)?.[1]?.toLowerCase()
}

/** The lines with these keys, in base64, as all that is remembered of the machine. */
export function remembering(
  lines: readonly Line[],
  id: string,
  keys: readonly string[],
  note: Note,
): Line[] {
  const comment = writeNote(note)
  return keys.reduce<Line[]>(
    (all, key) => {
      const type = keyType(key) ?? ''
      const patterns = [hostKeyAlias(id)]
      return appendLine(all, keyLine({ marker: undefined, patterns, type, key, comment }))
    },
    forgetting(lines, id),
  )
}

/**
 * The lines without the machine's. What a line says of others stays, as the person wrote it who put
 * them into one, and a pattern with `*` or `?` is of no machine in particular.
 */
export function forgetting(lines: readonly Line[], id: string): Line[] {
  const own: readonly Line[] = linesOf(lines, id)
  return lines.flatMap((line) =>
    line.kind === 'key' && own.includes(line) ? withoutHost(line, hostKeyAlias(id)) : [line],
  )
}

function withoutHost(line: KeyLine, host: string): KeyLine[] {
  const isOwn = (pattern: string) =>
    !/[*?]/.test(pattern) && isAbout({ ...line, patterns: [pattern] }, host)
  const patterns = line.patterns.filter((each) => !isOwn(each))
  if (patterns.length === line.patterns.length) return [line]
  return patterns.some((each) => !each.startsWith('!')) ? [keyLine({ ...line, patterns })] : []
}

/** The remembered machines that NAME may mean: name, `name.local`, id, MAC, end of one, EUI-64 address. */
export function fitting(machines: readonly KnownMachine[], name: string): KnownMachine[] {
  const label = withoutLocal(name).toLowerCase()
  const digits = name.toLowerCase().replaceAll(/[:-]/g, '')
  const isEnd = /^[0-9a-f]{4,}$/.test(digits) && normalizeAddress(name) === undefined
  const id = idIn(name) ?? idOfAddress(name)
  return machines.filter(
    (each) =>
      each.name?.toLowerCase() === label || each.id === id || (isEnd && each.id.endsWith(digits)),
  )
}

/** The ids of the machines that had this name when they were remembered, the latest last. */
export function idsCalled(lines: readonly Line[], name: string): string[] {
  const label = withoutLocal(name).toLowerCase()
  const ids = lines.flatMap((line) =>
    line.kind === 'key' && readNote(line).name?.toLowerCase() === label
      ? line.patterns.flatMap((each) => idOf(each) ?? [])
      : [],
  )
  return [...new Set(ids)]
}

/** The id that is meant by an id or a whole MAC. */
export function idIn(name: string): string | undefined {
  if (/^[0-9a-f]{16}$/i.test(name)) return name.toLowerCase()
  const mac = normalizeMac(name)
  return mac && eui64FromMac(mac)
}

/** The id of the card whose EUI-64 an address has (RFC 4291 appendix A). */
function idOfAddress(name: string): string | undefined {
  const address = normalizeAddress(name)
  const mac = address && macFromLinkLocal(address)
  return mac && eui64FromMac(mac)
}

/** What is remembered of other machines by a NAME that led to this one. */
export function namesakesOf(lines: readonly Line[], name: string, id: string): Remembered[] {
  return fitting(knownMachines(lines), name)
    .filter((each) => each.id !== id)
    .flatMap((each) => remembered(lines, each.id) ?? [])
}

function writeNote({ name, boot, since }: Note): string {
  return [boot && `boot=${boot}`, name && `name=${name}`, since && `since=${since}`]
    .filter(Boolean)
    .join(' ')
}

/** Anybody may have written the file by hand: what does not fit is as if it were not there. */
function readNote({ comment }: KeyLine): Note {
  const value = (key: string, form: RegExp) => {
    const found = new RegExp(`(?:^| )${key}=(\\S+)`).exec(comment)?.[1]
    return found !== undefined && form.test(found) ? found : undefined
  }
  return {
    name: value('name', hostLabel) ?? null,
    boot: value('boot', /^[0-9a-f]{8}$/) ?? '',
    since: value('since', /^\d{4}-\d\d-\d\d$/) ?? null,
  }
}
