/** Numbers and names of record types, in dns-packet 5.6.1; its types do not cover this file. */
declare module 'dns-packet/types.js' {
  /** `A` -> 1, `UNKNOWN_65` -> 65. */
  export function toType(name: string): number
}
