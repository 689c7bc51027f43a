import { runCommand } from './command.ts'
import { Failure } from './failure.ts'

/** Makes an ed25519 key pair without a passphrase, `path` and `path`.pub; never overwrites a private half. */
export async function makeKeyPair(path: string, comment: string): Promise<void> {
  await keygen(['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', path])
}

/** A host certificate that is to be made (ssh-keygen(1), CERTIFICATES). */
export interface HostCertificateRequest {
  /** Path of the authority's private half. */
  authority: string
  /** Names the certificate in the logs of those who check it. */
  identity: string
  /** Names under which the host may be reached. */
  principals: readonly string[]
  /** When it ends, in seconds since 1970; it is valid from the beginning of time. */
  validUntil: number
  /** Paths of public keys, `X.pub`: their certificates will be `X-cert.pub` beside them. */
  publicKeys: readonly string[]
}

export async function signHostKeys(request: HostCertificateRequest): Promise<void> {
  const { authority, identity, principals, validUntil, publicKeys } = request
  // In hex it is neither relative to the clock nor read in the time zone of the system.
  const validity = `always:0x${validUntil.toString(16)}`
  const what = ['-I', identity, '-n', principals.join(','), '-V', validity]
  // A passphrase is never asked for: nobody is there to type it.
  await keygen(['-q', '-P', '', '-s', authority, '-h', ...what, ...publicKeys])
}

/** Its questions find no answer on an empty standard input, which means no. */
async function keygen(args: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await runCommand('ssh-keygen', args)
  if (status === 0) return
  const said = `${stdout}${stderr}`.trim().replace(/\s*\n\s*/g, ' ')
  throw new Failure(`ssh-keygen ended with status ${status}: ${said}`)
}
