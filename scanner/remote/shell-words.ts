/**
 * A word as a POSIX shell reads it back (Shell Command Language, 2.2.2): whatever is in it, it stays one
 * word. Throws for a NUL, which no word can have.
 */
export function shellWord(word: string): string {
  if (word.includes('\0')) throw new Error('a word of a shell cannot have a NUL')
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** A command line of these words. */
export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(' ')
}
