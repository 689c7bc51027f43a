import { authorities, fingerprintOf } from './authorities.ts'
import { type Certificate, parseCertificate } from './certificate.ts'
import { isAbout, type Line } from './known-hosts-lines.ts'

/** What a server showed: fingerprints of its plain keys, and certificates in base64. */
export interface Shown {
  fingerprints: readonly string[]
  certificates: readonly string[]
}

/**
 * Why ssh refuses a machine of this alias where a certificate authority is trusted; undefined when it
 * does not. It is only to explain: it is ssh that has checked, signatures too.
 */
export function whyRefused(
  { fingerprints, certificates }: Shown,
  lines: readonly Line[],
  alias: string,
  now: Date,
): string | undefined {
  const trusted = authorities(lines, alias).map(fingerprintOf)
  if (trusted.length === 0 || isKnown(fingerprints, lines, alias)) return undefined
  const shown = certificates.flatMap((each) => parseCertificate(each) ?? [])
  const reasons = shown.map((each) => whyNot(each, trusted, alias, now))
  if (reasons.includes(undefined)) return undefined
  return reasons[0] ?? 'it shows no certificate'
}

/**
 * The plain key for which a trusted authority vouches under an alias; undefined when the certificate is
 * not good for it. For ssh by another name than those on the certificate (KnownHostsCommand): a line
 * with the plain key is taken without a word, one with the authority is not.
 */
export function vouchedKey(
  certificate: string,
  lines: readonly Line[],
  alias: string,
  now: Date,
): Pick<Certificate, 'type' | 'key'> | undefined {
  const shown = parseCertificate(certificate)
  const trusted = authorities(lines, alias).map(fingerprintOf)
  if (shown === undefined || whyNot(shown, trusted, alias, now) !== undefined) return undefined
  return { type: shown.type, key: shown.key }
}

/** Where the plain keys were not asked for, any that is known may be the one. */
function isKnown(fingerprints: readonly string[], lines: readonly Line[], alias: string): boolean {
  return lines.some(
    (line) =>
      line.kind === 'key' &&
      line.marker === undefined &&
      isAbout(line, alias) &&
      (fingerprints.length === 0 || fingerprints.includes(fingerprintOf(line))),
  )
}

function whyNot(
  { authority, isHost, principals, validAfter, validBefore }: Certificate,
  trusted: readonly string[],
  alias: string,
  now: Date,
): string | undefined {
  const seconds = BigInt(Math.floor(now.getTime() / 1000))
  if (!trusted.includes(authority))
    return `its certificate is of ${authority}, which is not trusted`
  if (!isHost || !principals.includes(alias)) return `its certificate is not for ${alias}`
  if (seconds >= validBefore)
    return `its certificate expired on ${dateOf(validBefore)}: is its clock right, and ours?`
  if (seconds < validAfter)
    return `its certificate is not valid before ${dateOf(validAfter)}: is our clock right?`
  return undefined
}

/** The day of a time in seconds. A date in JavaScript ends with the year 275760. */
function dateOf(seconds: bigint): string {
  const lastDateMs = 8.64e15
  return new Date(Math.min(Number(seconds) * 1000, lastDateMs)).toISOString().replace(/T.*/, '')
}
