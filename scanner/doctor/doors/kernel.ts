import { readFile } from 'node:fs/promises'

/** A parameter of the kernel, by its path below /proc/sys (sysctl(8)); undefined where there is none. */
export function readParameter(path: string): Promise<string | undefined> {
  return readKernelFile(`/proc/sys/${path}`)
}

/** The same as a number. */
export async function readNumber(path: string): Promise<number | undefined> {
  const text = await readParameter(path)
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text)
}

/** What a card says of itself (sysfs-class-net of Linux); undefined where it does not. */
export function readCard(link: string, attribute: string): Promise<string | undefined> {
  return readKernelFile(`/sys/class/net/${link}/${attribute}`)
}

/** A small text of the kernel's, or of the administrator's; undefined where it cannot be read. */
export async function readKernelFile(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text?.trim()
}
