import { keyFingerprint } from '../../common/advertisement.ts'

/**
 * What is on an OpenSSH certificate (PROTOCOL.certkeys). The signature is not checked here: ssh does
 * so before it shows a certificate to anybody.
 */
export interface Certificate {
  /** The plain key that it is about, its type and itself in base64. */
  type: string
  key: string
  /** Fingerprint of the authority that signed it, `SHA256:...`. */
  authority: string
  isHost: boolean
  principals: string[]
  /** Seconds since 1970; `validBefore` is the first that is too late. */
  validAfter: bigint
  validBefore: bigint
}

/** Fields of a public key between the nonce and the serial number, by key type. */
const keyFields: Record<string, number> = {
  'ssh-ed25519-cert-v01@openssh.com': 1,
  'ssh-rsa-cert-v01@openssh.com': 2,
  'ecdsa-sha2-nistp256-cert-v01@openssh.com': 2,
  'ecdsa-sha2-nistp384-cert-v01@openssh.com': 2,
  'ecdsa-sha2-nistp521-cert-v01@openssh.com': 2,
}
/** SSH2_CERT_TYPE_HOST */
const hostType = 2

/** Reads a certificate, in base64; undefined when it is none. */
export function parseCertificate(key: string): Certificate | undefined {
  const reader = new Reader(Buffer.from(key, 'base64'))
  try {
    const certType = reader.string().toString('latin1')
    const count = keyFields[certType]
    if (count === undefined) return undefined
    // The nonce, then what stands in a plain key after its type.
    reader.string()
    const fields = Array.from({ length: count }, () => reader.string())
    const type = certType.replace('-cert-v01@openssh.com', '')
    reader.uint64()
    const isHost = reader.uint32() === hostType
    reader.string()
    const principals = new Reader(reader.string()).strings()
    const [validAfter, validBefore] = [reader.uint64(), reader.uint64()]
    for (const _ of ['critical options', 'extensions', 'reserved']) reader.string()
    const authority = keyFingerprint(reader.string())
    const plain = Buffer.concat([Buffer.from(type), ...fields].flatMap(withLength))
    const validity = { validAfter, validBefore }
    return { type, key: plain.toString('base64'), authority, isHost, principals, ...validity }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function withLength(string: Buffer): Buffer[] {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(string.length)
  return [length, string]
}

/** Data types of RFC 4251 section 5; a RangeError where the data end too early. */
class Reader {
  readonly #data: Buffer
  #at = 0

  constructor(data: Buffer) {
    this.#data = data
  }

  uint32(): number {
    const value = this.#data.readUInt32BE(this.#at)
    this.#at += 4
    return value
  }

  uint64(): bigint {
    const value = this.#data.readBigUInt64BE(this.#at)
    this.#at += 8
    return value
  }

  string(): Buffer {
    const end = this.uint32() + this.#at
    if (end > this.#data.length) throw new RangeError('a string is longer than the data')
    const value = this.#data.subarray(this.#at, end)
    this.#at = end
    return value
  }

  strings(): string[] {
    const all: string[] = []
    while (this.#at < this.#data.length) all.push(this.string().toString('latin1'))
    return all
  }
}
