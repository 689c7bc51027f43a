import { connect } from 'node:net'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'
import { wrongUsage } from '../option-checks.ts'
import type { RunOptions } from '../options.ts'
import type { AgentStatus } from './status.ts'

/** A machine with a hundred links has less to tell; whoever serves more is no agent. */
const maxBytes = 1024 * 1024
/** The agent answers at once; one that hangs is a fault to be told. */
const timeoutMs = 5000

/** Asks the agent that serves `path`. Throws an AgentAbsent when there is none, or another Failure. */
export async function readStatus(path: string): Promise<AgentStatus> {
  const text = await readAll(path)
  try {
    const status = JSON.parse(text) as AgentStatus
    if (status.version === 1) return status
  } catch (cause) {
    throw notOurs(path, text === '' ? 'nothing' : 'something else', cause)
  }
  throw notOurs(path, 'that of another version of the agent')
}

/** Throws a Failure with usage status when there is nowhere to ask. */
export function statusSocketOf({ statusSocket }: RunOptions): string {
  if (statusSocket) return statusSocket
  throw wrongUsage(
    'expected the path of a status socket, got none',
    'name the one of the running agent: --status-socket PATH',
  )
}

/** No agent runs here, or it serves no status. */
export class AgentAbsent extends Failure {}

async function readAll(path: string): Promise<string> {
  const socket = connect(path)
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs)
  socket.setEncoding('utf8')
  let text = ''
  try {
    for await (const chunk of socket) {
      text += chunk
      if (text.length > maxBytes) break
    }
    return text
  } catch (error) {
    throw readFailure(path, error)
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

function readFailure(path: string, cause: unknown): Failure {
  const code = errorCode(cause)
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return new AgentAbsent(`no running installer-agent answers at ${path}`, {
      advice: 'look at it, or start it: systemctl status installer-agent',
      cause,
    })
  if (code === 'EACCES' || code === 'EPERM')
    return new Failure(`no permission to ask the installer-agent at ${path}`, {
      advice: 'ask as root: sudo installer-agent status',
      cause,
    })
  return new Failure(`could not ask the installer-agent at ${path}: ${errorMessage(cause)}`, {
    advice: 'look at it: systemctl status installer-agent',
    cause,
  })
}

function notOurs(path: string, came: string, cause?: unknown): Failure {
  return new Failure(`expected the status of an installer-agent from ${path}, got ${came}`, {
    advice: 'look at it: systemctl status installer-agent',
    cause,
  })
}
