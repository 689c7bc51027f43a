import { constants, type Stats } from 'node:fs'
import { access, chown, lstat, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorCode } from '../common/failure.ts'
import { loadCrypto } from '../common/hash.ts'

/** A file as it is now; undefined when there is none. */
export interface PresentFile {
  /** Where it really lies: symbolic links are followed. */
  path: string
  content: Buffer
  stats: Stats
}

/** Reads a file; throws the system's error for anything but its absence, and ENOENT for a link to nowhere. */
export async function readPresent(path: string): Promise<PresentFile | undefined> {
  const real = await realpath(path).catch(async (error: unknown) => {
    if (errorCode(error) !== 'ENOENT' || (await isLink(path))) throw error
    return undefined
  })
  if (real === undefined) return undefined
  return { path: real, content: await readFile(real), stats: await stat(real) }
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  )
}

/** Throws the system's error when the file may not be changed, or its folder takes no new one. */
export async function checkWritable({ path }: Pick<PresentFile, 'path'>): Promise<void> {
  await access(path, constants.W_OK)
  await access(dirname(path), constants.W_OK)
}

/**
 * Puts a file in the place of another, or of none, in one step: whoever reads sees the old content or
 * the new, and so does the disk after a crash. `like` lends its mode and owner; `mode` is for a new file.
 */
export async function replaceFile(
  path: string,
  content: Buffer,
  { mode, like }: { mode: number; like?: Stats | undefined },
): Promise<void> {
  const suffix = loadCrypto().randomBytes(6).toString('hex')
  const temporary = join(dirname(path), `.${basename(path)}.${suffix}.tmp`)
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(content)
      if (like && like.uid !== process.getuid?.()) await chown(temporary, like.uid, like.gid)
      // After the owner, for that takes special bits away.
      await handle.chmod(like ? like.mode & 0o7777 : mode)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
