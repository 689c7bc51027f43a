import { keyFingerprint } from '../../common/advertisement.ts'
import { Failure } from '../../common/failure.ts'
import { aliasPattern, hostKeyAlias } from '../ssh/known-hosts.ts'
import {
  appendLine,
  isAbout,
  type KeyLine,
  keyLine,
  type Line,
  parseKnownHosts,
} from './known-hosts-lines.ts'

/** The key of a certificate authority, its public half. */
export type Authority = Pick<KeyLine, 'type' | 'key' | 'comment'>

/** `SHA256:...`, as ssh-keygen -l prints it. */
export function fingerprintOf({ key }: Pick<KeyLine, 'key'>): string {
  return keyFingerprint(Buffer.from(key, 'base64'))
}

/** As the one line of a `.pub` file. */
export function publicLine({ type, key, comment }: Authority): string {
  return [type, key, comment].join(' ').trim()
}

/** The authority in the text of a `.pub` file; throws a Failure when it is something else. */
export function readAuthority(text: string, path: string): Authority {
  if (/PRIVATE KEY/.test(text))
    throw new Failure(`${path} is a private key: trust takes the public half`, {
      advice: `name ${path}.pub, and keep the other away from machines that only install`,
    })
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const [line] = parseKnownHosts(`${aliasPattern} ${lines[0] ?? ''}`)
  if (lines.length !== 1 || line?.kind !== 'key' || line.marker || /-cert-v01@/.test(line.type))
    throw new Failure(`expected one public key in ${path}`, {
      advice: 'for example the ca/installer_ca.pub that scanner trust ca init makes',
    })
  // It may be another's file, and is shown on terminals.
  const comment = line.comment.replace(/[^\x20-\x7e]/g, '?')
  return { type: line.type, key: line.key, comment }
}

/** The authorities that vouch for installers: all of them by our pattern, or the one with this alias. */
export function authorities(lines: readonly Line[], alias = aliasPattern): KeyLine[] {
  return lines.filter(
    (line) => line.kind === 'key' && line.marker === '@cert-authority' && isAbout(line, alias),
  ) as KeyLine[]
}

/** Whether an authority vouches for a machine, and not its key alone. */
export function isVouchedFor({ id }: { id: string }, lines: readonly Line[]): boolean {
  return authorities(lines, hostKeyAlias(id)).length > 0
}

/** The lines with an authority trusted for installers, and for nothing else; the same lines when it is. */
export function trusting(lines: readonly Line[], authority: Authority): Line[] {
  if (authorities(lines).some(({ key }) => key === authority.key)) return [...lines]
  const marker = '@cert-authority'
  return appendLine(lines, keyLine({ ...authority, marker, patterns: [aliasPattern] }))
}

export function distrusting(lines: readonly Line[], { key }: Authority): Line[] {
  const gone: Line[] = authorities(lines).filter((line) => line.key === key)
  return lines.filter((line) => !gone.includes(line))
}
