import type { ServerHostKeyAlgorithm } from 'ssh2'
import { keyFingerprint } from '../../../common/advertisement.ts'
import { exitStatus } from '../../../common/contract.ts'
import { Failure } from '../../../common/failure.ts'
import { authorities, fingerprintOf } from '../../trust/authorities.ts'
import { isAbout, type KeyLine, type Line } from '../../trust/known-hosts-lines.ts'
import { hostKeyAlias } from '../known-hosts.ts'

/** A machine's host keys, as our known_hosts has them. */
export interface HeldTo {
  /** Fingerprints: one of these it has to be, or any where there is none and `learns`. */
  keys: readonly string[]
  revoked: readonly string[]
  /** Types of the remembered keys, to be asked for first. */
  types: readonly string[]
  /** Whether a first key is remembered, as by ssh's `accept-new`. */
  learns: boolean
}

/**
 * What the server is held to. Throws a Failure where only a certificate authority vouches for the
 * machine: certificates are not understood here. Pure.
 */
export function heldTo(
  machine: { id: string; name: string | null },
  lines: readonly Line[],
  newKeys: 'accept' | 'refuse',
): HeldTo {
  const alias = hostKeyAlias(machine.id)
  const about = lines.filter((line): line is KeyLine => line.kind === 'key' && isAbout(line, alias))
  const own = about.filter(({ marker }) => marker === undefined)
  const revoked = about.filter(({ marker }) => marker === '@revoked').map(fingerprintOf)
  if (own.length === 0 && authorities(lines, alias).length > 0)
    throw new Failure(
      `only a certificate authority vouches for ${machine.name ?? machine.id}, and the built-in ssh client understands no certificates`,
      {
        exitStatus: exitStatus.identityMismatch,
        advice: `install openssh-client, or compare the fingerprint with the console, then: scanner ssh ${machine.id} --fingerprint SHA256:...`,
      },
    )
  return {
    keys: own.map(fingerprintOf),
    revoked,
    types: own.map(({ type }) => type),
    learns: newKeys === 'accept',
  }
}

export function fits(key: Buffer, { keys, revoked, learns }: HeldTo): boolean {
  const fingerprint = keyFingerprint(key)
  if (revoked.includes(fingerprint)) return false
  return keys.includes(fingerprint) || (learns && keys.length === 0)
}

/** Another machine answers, or another server on it: nothing was said to it but hello. */
export function mismatch(machine: { id: string; name: string | null }, key: Buffer, held: HeldTo) {
  const shown = keyFingerprint(key)
  const reason = held.revoked.includes(shown)
    ? 'which is revoked'
    : `and remembered is ${held.keys.join(', ') || 'none'}`
  return new Failure(
    `Host key verification failed: ${machine.name ?? machine.id} shows the host key ${shown}, ${reason}`,
    {
      exitStatus: exitStatus.identityMismatch,
      advice:
        'another machine may have taken its place; compare the fingerprint with the console (installer-agent issue)',
    },
  )
}

/** Signature algorithms by type of key (RFC 8332 section 3; SHA-1 is none any more), ed25519 first. */
const algorithmsOf: Record<string, ServerHostKeyAlgorithm[]> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
}

/** What the server is asked for, best first: as ssh does, the types that are known come before all others. */
export function hostKeyAlgorithms({ types }: Pick<HeldTo, 'types'>): ServerHostKeyAlgorithm[] {
  const all = Object.keys(algorithmsOf)
  const order = [...all.filter((type) => types.includes(type)), ...all]
  return [...new Set(order.flatMap((type) => algorithmsOf[type] ?? []))]
}
