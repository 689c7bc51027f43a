import { errorCode, errorMessage, Failure } from '../../common/failure.ts'
import type { Link } from '../../common/links.ts'
import type { Log } from '../../common/log.ts'
import type { RunOptions } from '../options.ts'
import { principals } from './names.ts'

/** Certificates for this boot's host keys, signed by the authority whose key is on the ISO. */
export class Certificates {
  readonly #options: RunOptions
  readonly #boot: string
  readonly #log: Log
  #names: string[] = []

  constructor(options: RunOptions, boot: string, log: Log) {
    this.#options = options
    this.#boot = boot
    this.#log = log
  }

  /**
   * Signs the host keys, and again when a card has come with another name. That it cannot be done is
   * said, loudly, and stops nothing: without a certificate the machine is found as before.
   */
  async update(id: string, links: readonly Link[]): Promise<void> {
    const { caKey, certificates: folder, hostname, hostKeys } = this.#options
    if (caKey === undefined || folder === undefined) return
    const wanted = principals(id, hostname, links)
    if (wanted.every((name) => this.#names.includes(name))) return
    // Also when it fails: once is loud enough, and another card is another try.
    this.#names = [...new Set([...this.#names, ...wanted])]
    try {
      // Loaded by those who have an authority.
      const { signAll } = await import('./sign-all.ts')
      const identity = `installer-${id}-${this.#boot}`
      const signing = { hostKeys, caKey, folder, identity, principals: this.#names }
      await signAll(signing, this.#log)
    } catch (error) {
      const advice = error instanceof Failure ? error.advice : undefined
      const level = isMissing(error) ? 'warn' : 'error'
      this.#log[level]({ advice, error: errorMessage(error) }, 'the host keys have no certificate')
    }
  }
}

/** The door to ssh-keygen says so; without it there is nothing to be done by whoever made the key. */
function isMissing(error: unknown): boolean {
  return error instanceof Failure && errorCode(error.cause) === 'ENOENT'
}
