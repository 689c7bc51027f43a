import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { commandEnvironment } from '../../common/command.ts'
import type { Namespace } from '../../scanner/demo/namespace.ts'

/** The voices of a tester's machine: one program there, with a socket for each address and port. */
export const speakerProgram = fileURLToPath(import.meta.url)

export interface Utterance {
  link: string
  source: string
  /** 0: another ephemeral one for each utterance. */
  sourcePort: number
  destination: string
  destinationPort: number
  hops: number
  /** base64 */
  payload: string
}

export class Speaker {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child
  }

  static async start({ enter }: Namespace): Promise<Speaker> {
    const [first = '', ...rest] = enter
    const program = ['env', '-u', 'NODE_OPTIONS', process.execPath, speakerProgram]
    const child = spawn(first, [...rest, ...program], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: commandEnvironment(),
    })
    await once(child.stdout, 'data')
    child.stdout.resume()
    return new Speaker(child)
  }

  say(utterance: Utterance): void {
    this.#child.stdin.write(`${JSON.stringify(utterance)}\n`)
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }
}

if (process.argv[1] === speakerProgram) await speak()

async function speak(): Promise<void> {
  const sockets = new Map<string, Promise<Socket>>()
  process.stdout.write('ready\n')
  for await (const line of createInterface({ input: process.stdin })) {
    const said = JSON.parse(line) as Utterance
    const key = `${said.source} ${said.sourcePort} ${said.link}`
    const socket = await (sockets.get(key) ?? openSocket(said))
    if (said.sourcePort !== 0) sockets.set(key, Promise.resolve(socket))
    socket.setTTL(said.hops)
    socket.setMulticastTTL(said.hops)
    const zone = /^f[ef]/.test(said.destination) ? `%${said.link}` : ''
    const to = said.destination + zone
    socket.send(Buffer.from(said.payload, 'base64'), said.destinationPort, to, (error) => {
      if (error) process.stderr.write(`speaker: ${error.message}\n`)
    })
  }
}

async function openSocket({ link, source, sourcePort }: Utterance): Promise<Socket> {
  const isIPv6 = source.includes(':')
  const socket = createSocket({ type: isIPv6 ? 'udp6' : 'udp4', reuseAddr: true })
  const zone = source.startsWith('fe80') ? `%${link}` : ''
  socket.bind({ port: sourcePort, address: source + zone })
  await once(socket, 'listening')
  socket.setMulticastInterface(isIPv6 ? `::%${link}` : source)
  socket.setMulticastLoopback(false)
  return socket
}
