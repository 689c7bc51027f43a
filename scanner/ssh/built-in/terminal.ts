import { spawnSync } from 'node:child_process'
import type { Writable } from 'node:stream'
import type { PseudoTtyOptions } from 'ssh2'
import { Escapes } from './escape.ts'

/** Our own terminal, while a shell on the other side has it. */
export interface RawTerminal {
  restore(): void
}

/**
 * Passes each key on as it is typed, signals too; `leave` is called for `~.`. Node restores the
 * terminal also where the program ends in another way, and on SIGINT and SIGTERM.
 */
export function passTerminal(to: Writable, leave: () => void): RawTerminal {
  const { stdin } = process
  const escapes = new Escapes()
  const pass = (typed: Buffer) => {
    const { bytes, isOver } = escapes.read(typed)
    if (bytes.length > 0 && !to.write(bytes)) stdin.pause()
    if (isOver) leave()
  }
  const goOn = () => stdin.resume()
  const end = () => to.end()
  stdin.setRawMode(true)
  // Node leaves \n as \r\n, which spoils the screen of a full-screen program that has switched that
  // off on its own terminal. Node's way back undoes this as well.
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] })
  stdin.on('data', pass)
  stdin.on('end', end)
  to.on('drain', goOn)
  return {
    restore() {
      stdin.off('data', pass)
      stdin.off('end', end)
      to.off('drain', goOn)
      stdin.setRawMode(false)
      stdin.pause()
    },
  }
}

/** Our terminal for the other side to make one like it. */
export function describeTerminal(): PseudoTtyOptions {
  return { term: process.env.TERM ?? 'dumb', ...windowSize() }
}

export function windowSize(): { rows: number; cols: number } {
  const screen = ownScreen()
  return { rows: screen?.rows ?? 24, cols: screen?.columns ?? 80 }
}

/** Calls back when the window has another size; gives what ends that. */
export function onResize(tell: () => void): () => void {
  const screen = ownScreen()
  screen?.on('resize', tell)
  return () => void screen?.off('resize', tell)
}

function ownScreen() {
  return [process.stdout, process.stderr].find((stream) => stream.isTTY)
}
