import type { Client, ClientCallback, ClientChannel } from 'ssh2'
import { standardInput, standardOutput } from '../stdio.ts'
import { describeTerminal, onResize, passTerminal, windowSize } from './terminal.ts'

/** What is run there. */
export interface Job {
  /** Empty for a shell. */
  command: string
  hasTerminal: boolean
  noInput: boolean
}

/** How it ended: the status there, none when a signal ended it; or not by itself. */
export interface End {
  status: number | undefined
  /** Whether we have left, or the connection broke. */
  early: 'left' | 'broken' | undefined
}

/** Runs a command or a shell there, with our standard input, output and error, to its end. */
export async function runJob(client: Client, job: Job, signal: AbortSignal): Promise<End> {
  const { channel, end } = await open(client, job)
  let hasLeft = false
  const leave = () => {
    hasLeft = true
    client.destroy()
  }
  // The terminal would stay raw: Node restores it on other signals only.
  process.once('SIGQUIT', leave)
  signal.addEventListener('abort', leave)
  if (signal.aborted) leave()
  // What was still to be sent when the other side has ended is of no use.
  channel.on('error', () => {})
  passOutput(channel)
  const stop = passInput(channel, job, leave)
  try {
    const { status, early } = await end
    return { status, early: hasLeft ? 'left' : early }
  } finally {
    stop()
    process.off('SIGQUIT', leave)
    signal.removeEventListener('abort', leave)
    client.end()
  }
}

/** A channel, and its end: to be listened for at once, since the packets may be here already. */
function open(client: Client, { command, hasTerminal }: Job) {
  return new Promise<{ channel: ClientChannel; end: Promise<End> }>((resolve, reject) => {
    const opened: ClientCallback = (error, channel) => {
      if (error) reject(error)
      else resolve({ channel, end: endOf(client, channel) })
    }
    const pty = hasTerminal && describeTerminal()
    if (command === '') client.shell(pty, opened)
    else client.exec(command, pty ? { pty } : {}, opened)
  })
}

function endOf(client: Client, channel: ClientChannel): Promise<End> {
  const end: End = { status: undefined, early: undefined }
  let isTold = false
  channel.on('exit', (code: number | null) => {
    isTold = true
    end.status = code ?? undefined
  })
  client.on('close', () => {
    if (!isTold) end.early = 'broken'
  })
  const closed = (of: NodeJS.EventEmitter) => new Promise((resolve) => of.once('close', resolve))
  // Each comes when all was read.
  return Promise.all([closed(channel), closed(channel.stderr)]).then(() => end)
}

/** Standard output ends with the other side's; a terminal is needed for what is said afterwards. */
function passOutput(channel: ClientChannel): void {
  channel.stderr.pipe(process.stderr, { end: false })
  if (process.stdout.isTTY) channel.pipe(process.stdout, { end: false })
  else channel.pipe(standardOutput())
}

/** Gives what is to be done at the end. */
function passInput(
  channel: ClientChannel,
  { hasTerminal, noInput }: Job,
  leave: () => void,
): () => void {
  const forget = hasTerminal
    ? onResize(() => {
        const { rows, cols } = windowSize()
        // ssh leaves the size in pixels at zero where it is not known (RFC 4254 section 6.7).
        channel.setWindow(rows, cols, 0, 0)
      })
    : () => {}
  if (noInput) channel.end()
  else if (hasTerminal && process.stdin.isTTY) {
    const terminal = passTerminal(channel, leave)
    return () => {
      forget()
      terminal.restore()
    }
  } else standardInput()(channel)
  return forget
}
