import { readdir, readFile, readlink } from 'node:fs/promises'
import { readKernelFile } from './kernel.ts'

/** Who has a UDP port open here. */
export interface Holder {
  uid: number
  /** The socket's inode, which tells of which process it is. */
  inode: string
}

/** A line of /proc/net/udp is of a socket, whoever has it (proc_net(5)); of both families. */
export async function readHolders(port: number): Promise<Holder[]> {
  const tables = await Promise.all(
    ['udp', 'udp6'].map((name) => readKernelFile(`/proc/net/${name}`)),
  )
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
  const files = await readdir(`/proc/${id}/fd`).catch(() => [])
  for (const file of files) {
    const target = await readlink(`/proc/${id}/fd/${file}`).catch(() => '')
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
    if (inode === undefined || !inodes.has(inode) || id === String(process.pid)) continue
    const name = await readKernelFile(`/proc/${id}/comm`)
    if (name) found.set(inode, name)
  }
}

/** The user's name, as far as the file of users knows it (passwd(5)). */
export async function userName(uid: number): Promise<string | undefined> {
  const file = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return file
    .split('\n')
    .find((line) => line.split(':')[2] === String(uid))
    ?.split(':')[0]
}
