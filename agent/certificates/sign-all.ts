import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorMessage, Failure } from '../../common/failure.ts'
import type { Log } from '../../common/log.ts'
import { signHostKeys } from '../../common/ssh-keygen.ts'
import { publicKeyFiles } from '../host-keys.ts'
import { earliestTime, validUntil } from './validity.ts'

/** Unfinished certificates lie here, on the file system of the finished ones. */
const unfinishedPrefix = '.unfinished-'

export interface Signing {
  /** Folder with the public host keys. */
  hostKeys: string
  /** Private key of the authority. */
  caKey: string
  /** For the certificates. */
  folder: string
  /** What the log of a server that is logged into says of the key. */
  identity: string
  principals: readonly string[]
}

/** Signs all host keys. Throws a Failure, or the error of a file or command. */
export async function signAll(signing: Signing, log: Log): Promise<void> {
  const { hostKeys, caKey, folder, identity, principals } = signing
  await checkAuthority(caKey)
  const files = publicKeyFiles(hostKeys)
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
      identity,
      principals,
      validUntil: validUntil(Date.now()),
      publicKeys: files.map((name) => join(unfinished, name)),
    })
    await publish(unfinished, folder, files)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  const isClockRight = Date.now() >= earliestTime
  if (!isClockRight)
    log.warn({}, 'the clock of this machine is wrong: its certificates are valid for long')
  log.info({ folder, principals }, 'host keys are certified')
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
