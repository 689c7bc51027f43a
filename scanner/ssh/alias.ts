/** What a name ends in that ssh, and all that use it, are to reach through us: `ssh NixOS.installer`. */
export const aliasSuffix = '.installer'

/** The NAME in front of the suffix; as it is without one. Host names are compared without case (RFC 4343). */
export function withoutAliasSuffix(name: string): string {
  return name.toLowerCase().endsWith(aliasSuffix) ? name.slice(0, -aliasSuffix.length) : name
}
