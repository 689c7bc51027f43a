import { readdir, readFile, readlink } from 'node:fs/promises'
import { readKernelFile } from './kernel.ts'

/** Who has a UDP port open here. */
export interface Holder {
  uid: number
  /** The socket's inode, which tells of which process it is. */
  inode: string
}

/**
 * Who has a port, of both families, but ourselves. Ours come and go meanwhile: one that is there at
 * both looks is among our files between them.
 */
export async function readHolders(port: number): Promise<Holder[]> {
  const first = await readTables(port)
  const own = new Set(await socketsOf('self'))
  const still = new Set((await readTables(port)).map(({ inode }) => inode))
  return first.filter(({ inode }) => still.has(inode) && !own.has(inode))
}

/** /proc/net/udp and udp6 have a line for each socket, whoever has it (proc_net(5)). */
async function readTables(port: number): Promise<Holder[]> {
  const names = ['udp', 'udp6']
  const tables = await Promise.all(names.map((name) => readKernelFile(`/proc/net/${name}`)))
  return tables.flatMap((table) => parseHolders(table ?? '', port))
}

/** Reads the lines of /proc/net/udp or udp6. */
export function parseHolders(table: string, port: number): Holder[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return table.split('\n').flatMap((line): Holder[] => {
    const [, local = '', , , , , , uid = '', , inode = ''] = line.trim().split(/\s+/)
    return local.endsWith(`:${wanted}`) ? [{ uid: Number(uid), inode }] : []
  })
}

/** By inode: the program of a socket. Of other users' programs only root sees their sockets. */
export async function programsOf(inodes: ReadonlySet<string>): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const ids = (await readdir('/proc')).filter((each) => /^\d+$/.test(each))
  await Promise.all(ids.map((id) => noteSockets(id, inodes, found)))
  return found
}

async function noteSockets(id: string, inodes: ReadonlySet<string>, found: Map<string, string>) {
  const held = (await socketsOf(id)).filter((inode) => inodes.has(inode))
  const name = held.length > 0 ? await readKernelFile(`/proc/${id}/comm`) : undefined
  if (name) for (const inode of held) found.set(inode, name)
}

/** Inodes of the sockets of a process; none of another user's, who is not root. */
async function socketsOf(id: string): Promise<string[]> {
  const files = await readdir(`/proc/${id}/fd`).catch(() => [])
  const targets = files.map((file) => readlink(`/proc/${id}/fd/${file}`).catch(() => ''))
  return (await Promise.all(targets)).flatMap((each) => /^socket:\[(\d+)\]$/.exec(each)?.[1] ?? [])
}

/** The user's name, as far as the file of users knows it (passwd(5)). */
export async function userName(uid: number): Promise<string | undefined> {
  const file = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return file
    .split('\n')
    .find((line) => line.split(':')[2] === String(uid))
    ?.split(':')[0]
}
