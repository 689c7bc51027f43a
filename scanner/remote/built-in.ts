import type { Client, ClientChannel } from 'ssh2'
import { exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'
import type { Console } from '../options.ts'
import { readBuiltInOptions } from '../ssh/built-in/options.ts'
import { connectBuiltIn, type Errand } from '../ssh/built-in.ts'
import type { Connection, Running } from './remote.ts'
import { rootShell } from './script.ts'

/** As often as OpenSSH is told to ask. */
const aliveMs = 5000

/** The same by ssh2, where there is no ssh. Throws a Failure when no connection comes about. */
export async function openBuiltIn(
  errand: Errand,
  console_: Console,
  signal: AbortSignal,
): Promise<Connection> {
  const options = readBuiltInOptions(errand.typed.options)
  const connected = await connectBuiltIn(errand, options, console_, signal, aliveMs)
  if (typeof connected === 'string') {
    throw new Failure(connected.replace(/^scanner: /, ''), { exitStatus: exitStatus.unreachable })
  }
  const { client } = connected
  return {
    start: () => start(client),
    end: async () => void client.destroy(),
  }
}

function start(client: Client): Promise<Running> {
  return new Promise((resolve, reject) => {
    client.exec(rootShell, (error, channel) => {
      if (error) return reject(error)
      const { stdin, stderr } = channel
      resolve({ stdin, stdout: channel, stderr, ended: endOf(channel) })
    })
  })
}

/** The status, undefined when the channel is closed without one: the connection broke. */
async function endOf(channel: ClientChannel): Promise<number | undefined> {
  return new Promise((resolve) => {
    let status: number | undefined
    channel.on('exit', (code: number | null) => {
      status = code ?? undefined
    })
    channel.on('close', () => resolve(status))
  })
}
