import { appendLine, isAbout, keyLine, keyType, type Line } from '../trust/known-hosts-lines.ts'

/**
 * The name under which the host keys of the system are kept that was installed on a machine: the live
 * system from which it was, with the same card and so the same id, has others.
 */
export function installedAlias(id: string): string {
  return `installed-${id}`
}

/** A public host key. */
export interface PublicKey {
  type: string
  /** In base64. */
  key: string
}

/** The keys in what `cat *.pub` printed (sshd(8), AUTHORIZED_KEYS FILE FORMAT); what is none is passed over. */
export function readPublicKeys(text: string): PublicKey[] {
  return text.split('\n').flatMap((line) => {
    const [type = '', key = ''] = line.trim().split(/\s+/)
    return type !== '' && keyType(key) === type ? [{ type, key }] : []
  })
}

/** The lines of known_hosts with these keys as all that is known of an installed system. */
export function pinning(
  lines: readonly Line[],
  id: string,
  keys: readonly PublicKey[],
  comment: string,
): Line[] {
  const alias = installedAlias(id)
  const others = lines.filter(
    (line) => line.kind !== 'key' || !isAbout(line, alias) || /[*?]/.test(line.patterns.join()),
  )
  return keys.reduce<Line[]>(
    (all, { type, key }) =>
      appendLine(all, keyLine({ marker: undefined, patterns: [alias], type, key, comment })),
    others,
  )
}
