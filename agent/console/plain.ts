/** Printable ASCII: the kernel takes nearly anything as the name of an interface, terminal escapes too. */
export function plain(line: string): string {
  return line.replace(/[^\x20-\x7e]/g, '?')
}
