import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'
import type { Link } from '../../common/links.ts'
import type { Log } from '../../common/log.ts'
import { signHostKeys } from '../../common/ssh-keygen.ts'
import { publicKeyFiles } from '../host-keys.ts'
import type { RunOptions } from '../options.ts'
import { principals } from './names.ts'
import { earliestTime, validUntil } from './validity.ts'

/** Unfinished certificates lie here, on the file system of the finished ones. */
const unfinishedPrefix = '.unfinished-'

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
    const { caKey, certificates: folder, hostname } = this.#options
    if (caKey === undefined || folder === undefined) return
    const wanted = principals(id, hostname, links)
    if (wanted.every((name) => this.#names.includes(name))) return
    // Also when it fails: once is loud enough, and another card is another try.
    this.#names = [...new Set([...this.#names, ...wanted])]
    try {
      await this.#sign(id, caKey, folder)
    } catch (error) {
      const advice = error instanceof Failure ? error.advice : undefined
      const level = isMissing(error) ? 'warn' : 'error'
      this.#log[level]({ advice, error: errorMessage(error) }, 'the host keys have no certificate')
    }
  }

  async #sign(id: string, caKey: string, folder: string): Promise<void> {
    const { hostKeys } = this.#options
    await checkAuthority(caKey)
    const files = await publicKeyFiles(hostKeys)
    if (files.length === 0)
      throw new Failure(`no ssh_host_*_key.pub in ${hostKeys}`, {
        advice: 'let sshd make its keys before the agent starts, or name their folder: --host-keys',
      })
    await makeFolder(folder)
    const unfinished = await mkdtemp(join(folder, unfinishedPrefix))
    try {
      await Promise.all(files.map((name) => copyFile(join(hostKeys, name), join(unfinished, name))))
      await signHostKeys({
        authority: caKey,
        identity: `installer-${id}-${this.#boot}`,
        principals: this.#names,
        validUntil: validUntil(Date.now()),
        publicKeys: files.map((name) => join(unfinished, name)),
      })
      await publish(unfinished, folder, files)
    } finally {
      await rm(unfinished, { recursive: true, force: true })
    }
    const isClockRight = Date.now() >= earliestTime
    if (!isClockRight)
      this.#log.warn({}, 'the clock of this machine is wrong: its certificates are valid for long')
    this.#log.info({ folder, principals: this.#names }, 'host keys are certified')
  }
}

/** The door to ssh-keygen says so; without it there is nothing to be done by whoever made the key. */
function isMissing(error: unknown): boolean {
  return error instanceof Failure && errorCode(error.cause) === 'ENOENT'
}

/**
 * A key that others can read is no secret, as ssh sees it. The group's bits of a file of somebody else
 * are left out: of a credential they are systemd's access list for us alone, where it is root's file.
 */
async function checkAuthority(path: string): Promise<void> {
  const { mode, uid } = await stat(path).catch((cause: unknown) => {
    throw new Failure(`cannot read the certificate authority's key: ${errorMessage(cause)}`, {
      advice: 'put it there, or run without: --ca-key none',
    })
  })
  const forbidden = uid === process.getuid?.() ? 0o077 : 0o007
  if ((mode & forbidden) === 0) return
  const shown = (mode & 0o777).toString(8).padStart(4, '0')
  throw new Failure(`${path} has mode ${shown}: the key of an authority is for its owner only`, {
    advice: `chmod 600 ${path}, or give it to the agent as a systemd credential`,
  })
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  // sshd and people read it, whatever the umask.
  await chmod(folder, 0o755)
  // What a run that was killed has left.
  const names = await readdir(folder)
  const left = names.filter((name) => name.startsWith(unfinishedPrefix))
  await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true, force: true })))
}

/** A reader sees the old certificate or the new one. ed25519 comes last: whoever watches it finds all of them. */
async function publish(from: string, to: string, files: readonly string[]): Promise<void> {
  const isLast = (name: string) => Number(name.includes('ed25519'))
  const certificates = files
    .map((name) => name.replace(/\.pub$/, '-cert.pub'))
    .sort((a, b) => isLast(a) - isLast(b))
  for (const name of certificates) {
    await chmod(join(from, name), 0o644)
    await rename(join(from, name), join(to, name))
  }
}
