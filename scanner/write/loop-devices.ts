import { readdir, readFile } from 'node:fs/promises'

/** The loop device that a file is behind, as the kernel tells (sysfs); undefined when there is none. */
export async function loopDeviceOf(path: string): Promise<string | undefined> {
  const names = await readdir('/sys/block').catch(() => [])
  for (const name of names.filter((each) => each.startsWith('loop'))) {
    // A loop device that is not in use has no such file.
    const backing = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '')
    if (backing.trimEnd() === path) return `/dev/${name}`
  }
  return undefined
}
