import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { scanner } from './commands.ts'
import { inTurn } from './measure.ts'

/** So many bytes from the installer to the operator's machine: the program at each end. */
export const transferProgram = fileURLToPath(import.meta.url)

/** Megabytes a second, from the first byte to the last. */
export type Transfers = Record<'direct' | 'proxied', number[]>

/** What the installer has for each who connects; whoever wants less leaves before. */
const mostBytes = 1_000_000_000
const port = 7001

if (process.argv[1] === transferProgram) {
  const [, , role, address = '', runs, bytes] = process.argv
  if (role === 'serve') serve()
  else console.log(JSON.stringify(await measure(address, Number(runs), Number(bytes))))
}

/** On the installer: bytes for whoever connects. */
function serve(): void {
  const block = Buffer.alloc(1_000_000)
  const server = createServer((socket) => {
    let left = mostBytes / block.length
    const send = (): void => {
      while (left > 0) {
        left -= 1
        if (!socket.write(block)) return void socket.once('drain', send)
      }
      socket.end()
    }
    socket.on('error', () => {})
    send()
  })
  server.listen(port, '::', () => process.stderr.write('listening\n'))
}

/** On the operator's machine. */
function measure(address: string, runs: number, bytes: number): Promise<Transfers> {
  const direct = () => rateOf(connect({ host: address, port }), bytes)
  return inTurn({ direct, proxied: () => proxied(bytes) }, runs)
}

async function proxied(bytes: number): Promise<number> {
  const [command = '', ...words] = [...scanner, 'proxy', 'NixOS.installer', String(port)]
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const rate = await rateOf(child.stdout, bytes)
  child.kill()
  return rate
}

async function rateOf(from: Readable, bytes: number): Promise<number> {
  let count = 0
  let first = 0
  for await (const chunk of from) {
    first ||= performance.now()
    count += chunk.length
    if (count >= bytes) break
  }
  return count / 1000 / (performance.now() - first)
}
