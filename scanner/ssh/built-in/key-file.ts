import { readFile } from 'node:fs/promises'
import ssh2, { type ParsedKey } from 'ssh2'
import { errorCode } from '../../../common/failure.ts'

/** A private key in a file. */
export interface KeyFile {
  path: string
  /** Its public half. */
  publicKey: ParsedKey
  /** The key, unlocked with a passphrase where it needs one; undefined when that is wrong. */
  unlock(passphrase: string | undefined): ParsedKey | undefined
  isLocked: boolean
}

/**
 * Reads a private key; what is wrong with it as a sentence. Of a locked one the public half is known
 * all the same, so that a passphrase is asked only for a key that the server takes.
 */
export async function readKeyFile(path: string): Promise<KeyFile | string> {
  let text: string
  try {
    text = await readFile(path, 'latin1')
  } catch (error) {
    return `Identity file ${path} not accessible: ${errorCode(error) ?? 'unreadable'}.`
  }
  const open = parse(text)
  const unlock = (passphrase: string | undefined) => parse(text, passphrase)
  if (open) return { path, publicKey: open, unlock, isLocked: false }
  const publicKey = publicHalf(text) ?? (await readPublic(`${path}.pub`))
  if (publicKey) return { path, publicKey, unlock, isLocked: true }
  return `Identity file ${path} is no private key that can be read here.`
}

/** A private key; undefined when it is none, or locked. */
function parse(text: string, passphrase?: string): ParsedKey | undefined {
  const key = first(ssh2.utils.parseKey(text, passphrase))
  return key?.isPrivateKey() ? key : undefined
}

/** OpenSSH's file of one key holds one. */
function first(parsed: ParsedKey | Error): ParsedKey | undefined {
  const [key] = [parsed].flat()
  return key instanceof Error ? undefined : key
}

async function readPublic(path: string): Promise<ParsedKey | undefined> {
  const text = await readFile(path, 'latin1').catch(() => '')
  return first(ssh2.utils.parseKey(text))
}

const magic = 'openssh-key-v1\0'

/** The public half, which in OpenSSH's own format is not locked (PROTOCOL.key in its sources, section 1). */
function publicHalf(text: string): ParsedKey | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)/.exec(text)?.[1]
  const bytes = Buffer.from(body ?? '', 'base64')
  if (bytes.toString('latin1', 0, magic.length) !== magic) return undefined
  const countBytes = 4
  try {
    // Before it: the names of the cipher and of its key derivation, what that one needs, how many keys.
    const names = [0, 1, 2].reduce((at) => at + 4 + bytes.readUInt32BE(at), magic.length)
    const at = names + countBytes
    const blob = bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at))
    return first(ssh2.utils.parseKey(blob))
  } catch {
    // RangeError: a file that was cut off.
    return undefined
  }
}
