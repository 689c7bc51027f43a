import { sha256 } from './hash.ts'

/**
 * The TXT record of the ssh service: written by the agent, read by the scanner.
 * RFC 6763 section 6: `key=value` strings of at most 255 bytes, keys of printable ASCII
 * compared without case, the first of equal keys wins; unknown keys are ignored.
 */
export interface Advertisement {
  /** EUI-64 of the machine's primary card: the same on all its links. */
  id: string
  /** EUI-64 of the card of this link. */
  eui64: string
  /** The configured host name, also after a rename. */
  host: string
  user: string
  /** Fingerprints `SHA256:...`, ed25519 first. Only a hint: nothing on the wire is authentication. */
  hostKeys: string[]
  /** First eight hex digits of the boot id. */
  boot: string
  /** Version of the agent. */
  agent: string
  os: string | undefined
  /** Where on the installer the baked flake lies. */
  flake: string | undefined
  /** Whether it holds the static address on this link, or waits for it: another machine may have it. */
  static?: 'held' | 'waiting' | undefined
}

/** One string of a TXT record cannot be longer (RFC 6763 section 6.1). */
const maxStringBytes = 255
/** More host keys than key types exist are noise. */
const maxHostKeys = 8

const hostKeyNames = Array.from({ length: maxHostKeys }, (_, index) => hostKeyName(index))

/** RFC 6763 section 6.4: no key twice, so `hostkey`, `hostkey2`, `hostkey3`. */
function hostKeyName(index: number): string {
  return index === 0 ? 'hostkey' : `hostkey${index + 1}`
}

export function encodeAdvertisement(advertisement: Advertisement): Buffer[] {
  const { id, eui64, host, user, hostKeys, boot, agent, os, flake } = advertisement
  const pairs: [string, string | undefined][] = [
    ['txtvers', '1'],
    ['id', id],
    ['eui64', eui64],
    ['host', host],
    ['user', user],
    ...hostKeyNames.map((name, index): [string, string | undefined] => [name, hostKeys[index]]),
    ['boot', boot],
    ['agent', agent],
    ['os', os],
    ['flake', flake],
    ['static', advertisement.static],
  ]
  return pairs
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => Buffer.from(`${key}=${value}`))
    .filter((string) => string.length <= maxStringBytes)
}

/**
 * Reads a TXT record heard on the link. Every value is checked for its form, because anyone can
 * send one; what does not fit is dropped. Undefined when it is not an agent's record at all.
 */
export function decodeAdvertisement(strings: readonly Buffer[]): Advertisement | undefined {
  const values = new Map<string, string>()
  for (const string of strings) {
    const [key, value] = splitPair(string.toString('utf8'))
    if (value !== undefined && !values.has(key)) values.set(key, value)
  }
  const first = (key: string, form: RegExp) => [values.get(key) ?? ''].find((v) => form.test(v))
  const id = first('id', /^[0-9a-f]{16}$/)
  if (!id || first('txtvers', /^\d{1,3}$/) !== '1') return undefined
  return {
    id,
    eui64: first('eui64', /^[0-9a-f]{16}$/) ?? id,
    host: first('host', hostLabel) ?? '',
    user: first('user', userName) ?? '',
    hostKeys: hostKeyNames.flatMap((name) => values.get(name) ?? []).filter(isFingerprint),
    boot: first('boot', /^[0-9a-f]{8}$/) ?? '',
    agent: first('agent', /^[0-9A-Za-z.+-]{1,32}$/) ?? '',
    os: first('os', /^[\x20-\x7e]{1,64}$/),
    flake: first('flake', /^\/[\x21-\x7e]{1,200}$/),
    static: first('static', /^(held|waiting)$/) as Advertisement['static'],
  }
}

function splitPair(text: string): [string, string | undefined] {
  const at = text.indexOf('=')
  return at < 1 ? [text, undefined] : [text.slice(0, at).toLowerCase(), text.slice(at + 1)]
}

/** One label of a host name: letters, digits, inner hyphens (RFC 1123 section 2.1, RFC 1035 section 2.3.1). */
export const hostLabel = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/

/** A login name that no ssh takes for an option or a word of its own: what useradd accepts. */
export const userName = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/

/** `SHA256:` and 43 base64 digits, as ssh-keygen -l prints it. */
export function isFingerprint(text: string): boolean {
  return /^SHA256:[A-Za-z0-9+/]{43}$/.test(text)
}

/** `SHA256:...` of a public key blob: unpadded base64 of its hash. */
export function keyFingerprint(blob: Buffer): string {
  return `SHA256:${sha256(blob).toString('base64').replace(/=+$/, '')}`
}
