import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyFingerprint } from '../common/advertisement.ts'
import { randomart } from '../common/randomart.ts'

/** One of sshd's public keys, as an operator compares it. */
export interface HostKey {
  /** As the key file names it: `ssh-ed25519`. */
  algorithm: string
  /** `SHA256:...`, as ssh-keygen -l prints it. */
  fingerprint: string
}

/** The names of the `ssh_host_*_key.pub` files in a folder; none where it cannot be read. */
export function publicKeyFiles(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => /^ssh_host_\w+_key\.pub$/.test(name))
    .sort()
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** The host keys in a folder, ed25519 first; what cannot be read is left out. */
export function readHostKeys(folder: string): HostKey[] {
  const keys = publicKeyFiles(folder).flatMap((name) => readHostKey(join(folder, name)))
  return keys.sort((a, b) => Number(isEd25519(b.algorithm)) - Number(isEd25519(a.algorithm)))
}

function readHostKey(path: string): HostKey[] {
  const [algorithm = '', blob] = readText(path).split(/\s+/)
  if (!blob) return []
  return [{ algorithm, fingerprint: keyFingerprint(Buffer.from(blob, 'base64')) }]
}

/**
 * The text of a small file; empty where it cannot be read. At once: node:fs/promises would cost the agent
 * a megabyte, and four threads.
 */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function isEd25519(algorithm: string): boolean {
  return algorithm === 'ssh-ed25519'
}

/** How people call a key's kind: `ED25519`, `RSA`, `ECDSA`, as ssh-keygen -l prints it. */
export function keyKind(algorithm: string): string {
  return algorithm
    .replace(/^(sk-)?(ssh-)?/, '')
    .replace(/[-@].*$/, '')
    .toUpperCase()
}

/** The picture of the ed25519 key, eleven lines of nineteen columns; empty without such a key. */
export function ed25519Randomart(keys: readonly HostKey[]): string[] {
  const key = keys.find(({ algorithm }) => isEd25519(algorithm))
  const digest = key?.fingerprint.replace(/^SHA256:/, '')
  return digest ? randomart('ED25519 256', Buffer.from(digest, 'base64')) : []
}
