import { loadCrypto } from '../../common/hash.ts'

/** A line of known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) that names a key. */
export interface KeyLine {
  kind: 'key'
  /** The line as it stands in the file, with what ends it. */
  text: string
  marker: Marker | undefined
  /** Host names and patterns (`*`, `?`, `!`), or one hashed name (`|1|salt|hash`). */
  patterns: string[]
  /** `ssh-ed25519`. */
  type: string
  /** The public key, in base64. */
  key: string
  /** Empty when there is none. */
  comment: string
}

/** What is kept as it is: comments, empty lines, and what no key can be read from. */
export interface OtherLine {
  kind: 'other'
  text: string
}

export type Line = KeyLine | OtherLine

const markers = ['@cert-authority', '@revoked'] as const
export type Marker = (typeof markers)[number]

/**
 * The lines of a known_hosts file, none lost: `formatKnownHosts` gives the same text again, to the
 * byte when it was read as latin1 (a comment may be in any encoding, and all else is ASCII).
 */
export function parseKnownHosts(text: string): Line[] {
  return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map(parseLine)
}

export function formatKnownHosts(lines: readonly Line[]): string {
  return lines.map(({ text }) => text).join('')
}

function parseLine(text: string): Line {
  const other: OtherLine = { kind: 'other', text }
  const words = /^[ \t]*(?:(@\S+)[ \t]+)?([^\s@#]\S*)[ \t]+(\S+)[ \t]+(\S+)[ \t]*(.*?)\s*$/.exec(
    text,
  )
  if (!words) return other
  const [, marker, hosts = '', type = '', key = '', comment = ''] = words
  // ssh passes over a line with a marker that it does not know, and over a key that is none.
  if (!isMarker(marker) || keyType(key) !== type) return other
  return { kind: 'key', text, marker, patterns: hosts.split(','), type, key, comment }
}

function isMarker(word: string | undefined): word is Marker | undefined {
  return word === undefined || markers.some((marker) => marker === word)
}

/** RFC 4251 section 6: the name of an algorithm is printable, at most 64 characters, and holds no comma. */
const typeForm = /^[!-+\--~]{1,64}$/

/** The type that a public key in base64 says it has (RFC 4253 section 6.6); undefined when it is no key. */
export function keyType(key: string): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key)) return undefined
  const blob = Buffer.from(key, 'base64')
  const length = blob.length > 4 ? blob.readUInt32BE() : 0
  if (length >= blob.length - 4) return undefined
  const type = blob.toString('latin1', 4, 4 + length)
  return typeForm.test(type) ? type : undefined
}

/** A new line, to be appended. Throws when a part could not be read back as what it is. */
export function keyLine(parts: Omit<KeyLine, 'kind' | 'text'>): KeyLine {
  const { marker, patterns, type, key, comment } = parts
  const words = [...(marker ? [marker] : []), patterns.join(','), type, key]
  const text = `${[...words, ...(comment ? [comment] : [])].join(' ')}\n`
  const [line, ...more] = parseKnownHosts(text)
  const isSame =
    line?.kind === 'key' &&
    more.length === 0 &&
    line.marker === marker &&
    line.type === type &&
    line.patterns.length === patterns.length &&
    line.comment === comment
  if (!isSame) throw new Error(`no line of known_hosts: ${JSON.stringify(text)}`)
  return line
}

/** The lines and one more, on a line of its own also after an unfinished one. */
export function appendLine(lines: readonly Line[], line: KeyLine): Line[] {
  const last = lines.at(-1)
  const isOpen = last !== undefined && !last.text.endsWith('\n')
  return [...lines, ...(isOpen ? [{ kind: 'other', text: '\n' } as const] : []), line]
}

/** Whether a line is about a host, as ssh sees it: no pattern excludes it, and one fits. */
export function isAbout({ patterns }: KeyLine, host: string): boolean {
  const isExcluded = patterns.some((each) => each.startsWith('!') && fits(each.slice(1), host))
  return !isExcluded && patterns.some((each) => fits(each, host))
}

function fits(pattern: string, host: string): boolean {
  if (pattern.startsWith('|')) return isHashOf(pattern, host)
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    // Several stars are one: else a hostile file could make the match take for ever.
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 'is').test(host)
}

/** `|1|salt|hash`: HMAC-SHA1 of the name (HashKnownHosts in ssh_config(5)), in which case matters. */
function isHashOf(hashed: string, host: string): boolean {
  const [, version, salt = '', hash] = hashed.split('|')
  const digest = loadCrypto()
    .createHmac('sha1', Buffer.from(salt, 'base64'))
    .update(host)
    .digest('base64')
  return version === '1' && digest === hash
}
