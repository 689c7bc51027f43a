/** What a server says before there is a session, as lines that a terminal may be shown. */
export function plain(said: string): string {
  // The bidi and zero-width characters make one text look like another.
  return said.replace(/\r\n/g, '\n').replace(/[^\P{C}\n]|[\u2028\u2029]/gu, '?')
}
