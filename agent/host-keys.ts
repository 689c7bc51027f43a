import { readdir, readFile } from 'node:fs/promises'
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

/** The `ssh_host_*_key.pub` files in a folder, ed25519 first; what cannot be read is left out. */
export async function readHostKeys(folder: string): Promise<HostKey[]> {
  const names = await readdir(folder).catch(() => [])
  const publicKeys = names.filter((name) => /^ssh_host_\w+_key\.pub$/.test(name)).sort()
  const keys = await Promise.all(publicKeys.map((name) => readHostKey(join(folder, name))))
  return keys.flat().sort((a, b) => Number(isEd25519(b.algorithm)) - Number(isEd25519(a.algorithm)))
}

async function readHostKey(path: string): Promise<HostKey[]> {
  const [algorithm = '', blob] = (await readFile(path, 'utf8').catch(() => '')).split(/\s+/)
  if (!blob) return []
  return [{ algorithm, fingerprint: keyFingerprint(Buffer.from(blob, 'base64')) }]
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
