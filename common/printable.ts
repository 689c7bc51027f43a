/**
 * What a terminal would not show as it stands (Unicode general category C, and the separators of lines
 * and paragraphs): controls, among them the escape and the C1 set (ECMA-48), what reorders or hides
 * text, and what no character is.
 */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu

/** Text for people, of many lines, in which nothing can move the cursor, reorder or hide what else is said. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) =>
    character === '\n' ? character : spelled(character),
  )
}

/** The same for a word within a line. */
export function printableWord(word: string): string {
  return word.replace(unprintable, spelled)
}

/** As JavaScript and Rust write it: `\u{1b}`. */
function spelled(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`
}
