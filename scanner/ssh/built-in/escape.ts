const tilde = 0x7e
const dot = 0x2e
const newline = [0x0a, 0x0d]

/** What was typed without the escapes, and whether one of them ends the connection. */
export interface Typed {
  bytes: Buffer
  isOver: boolean
}

/**
 * The escapes of ssh(1), ESCAPE CHARACTERS, that work here: at the start of a line `~.` ends the
 * connection, which no other key does when the machine is gone, and `~~` is one tilde. All else,
 * a tilde too, goes on as it is.
 */
export class Escapes {
  #isLineStart = true
  #isOpen = false

  read(typed: Buffer): Typed {
    const kept: number[] = []
    for (const byte of typed) {
      if (this.#isOpen && byte === dot) return { bytes: Buffer.from(kept), isOver: true }
      const opens = !this.#isOpen && this.#isLineStart && byte === tilde
      // The tilde that was held back; of two one is left.
      if (this.#isOpen && byte !== tilde) kept.push(tilde)
      if (!opens) kept.push(byte)
      this.#isOpen = opens
      this.#isLineStart = newline.includes(byte)
    }
    return { bytes: Buffer.from(kept), isOver: false }
  }
}
