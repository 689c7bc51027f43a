import { chmodSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { errorMessage } from '../../common/failure.ts'
import type { Log } from '../../common/log.ts'
import type { HostKey } from '../host-keys.ts'
import { asIssueFile, consoleColumns, issueText } from './issue.ts'
import type { StatusSource } from './status.ts'

/** agetty watches it with inotify, and shows its issue again when it is touched (`agetty --reload`). */
const reloadFile = '/run/agetty.reload'
/**
 * How long changes are gathered: a boot is a dozen of them within two seconds, and a console that
 * is drawn again at each cannot be read.
 */
const gatherMs = 1000

/** Keeps the console's banner in a file for as long as the agent runs. It is small: written at once, without threads. */
export class IssueFile {
  readonly #path: string
  readonly #source: StatusSource
  readonly #hostKeys: readonly HostKey[]
  readonly #log: Log
  #written = ''
  #failed = ''
  #timer: NodeJS.Timeout | undefined

  constructor(path: string, source: StatusSource, hostKeys: readonly HostKey[], log: Log) {
    this.#path = path
    this.#source = source
    this.#hostKeys = hostKeys
    this.#log = log
  }

  /** Something may have changed: the file follows within a second. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#write()
    }, gatherMs)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#source.onChange = () => {}
    try {
      // Also what an agent that was killed has left there, if there was no time yet to write.
      rmSync(this.#path, { force: true })
    } catch {
      // It is in a folder that the agent may not write to.
    }
    askForReload()
  }

  /** A reader sees the old file or the new one, never a half. */
  #write(): void {
    const text = asIssueFile(issueText(this.#source.status(), this.#hostKeys, consoleColumns))
    if (text === this.#written) return
    const unfinished = `${this.#path}.new`
    try {
      writeFileSync(unfinished, text)
      // For everybody, whatever the umask.
      chmodSync(unfinished, 0o644)
      renameSync(unfinished, this.#path)
      this.#written = text
      this.#failed = ''
    } catch (error) {
      this.#complain(errorMessage(error))
      return
    }
    askForReload()
  }

  #complain(message: string): void {
    if (message === this.#failed) return
    this.#failed = message
    const advice = 'name a file in a folder that the agent may write to: --issue-file PATH, or none'
    this.#log.warn({ path: this.#path, error: message, advice }, 'no banner for the console')
  }
}

/** Root alone may; for the hardened unit a path unit does it (nix/issue-reload.nix). */
function askForReload(): void {
  const now = new Date()
  try {
    utimesSync(reloadFile, now, now)
  } catch {
    // Without the file no agetty waits; without permission it is somebody else's to do.
  }
}
