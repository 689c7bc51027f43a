import { spawn } from 'node:child_process'
import { commandEnvironment, commandMissing } from '../../common/command.ts'
import { errorCode, explain, Failure } from '../../common/failure.ts'
import { type Link, ownLinkLocal } from '../../common/links.ts'
import { goneWarning, isGone } from './gone.ts'
import { here } from './platform/here.ts'
import type { Round } from './round.ts'

/** Kernels answer an echo at once; the rest is for busy machines and for cards that sleep. */
const quietMs = 300
/** However many answer: the replies of 1,000 machines are there within one. */
const longestMs = 5000
/** One machine that claims to be all of them is not to cost memory without end; the table of the kernel ends at 1,024. */
const maxReplies = 5000
/** Nobody waits before he answers to an echo. */
const echoDelayMs = 0
/** How long a busy machine may take to start `ping`. */
const startMs = 1000

/**
 * Sends echo requests (RFC 4443 section 4.1) to a group on one link and gives the source address of
 * each reply as it comes, once each, without zone, our own left out. Throws a Failure when `ping`
 * is missing or may not send. Calls `sent` when the first request leaves.
 */
export async function* echo(
  link: Link,
  group: string,
  signal: AbortSignal,
  sent: () => void = () => {},
): AsyncGenerator<string> {
  const { command, args } = here.echoCommand(group, link.name)
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: commandEnvironment(),
    signal,
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(0, maxComplaint)
  })
  const failed = new Promise<Error | undefined>((resolve) => {
    child.on('error', resolve)
    child.once('close', () => resolve(undefined))
  })
  const own = new Set(link.addresses.map((each) => each.address))
  const seen = new Set<string>()
  const quiet = setTimeout(() => child.kill(), quietMs)
  const longest = setTimeout(() => child.kill(), longestMs)
  // Loaded when the question is out.
  const { createInterface } = await import('node:readline')
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      quiet.refresh()
      if (line.startsWith('PING')) sent()
      const address = here.parseEchoReply(line)
      if (!address || own.has(address) || seen.has(address)) continue
      if (seen.size >= maxReplies) break
      seen.add(address)
      yield address
    }
  } finally {
    clearTimeout(quiet)
    clearTimeout(longest)
    // Whoever needs no more replies leaves no program behind.
    child.kill()
  }
  const error = await failed
  if (signal.aborted) return
  if (error) throw errorCode(error) === 'ENOENT' ? commandMissing(command, error) : error
  // That nobody answered is a result; a complaint is not, unless others were answered before it.
  if (said && seen.size === 0) throw complaint(said, link)
}

/** What ping says, in one line: it uses several for one thing. */
function complaint(said: string, { name }: Link): Failure {
  if (/not permitted|permission denied|cap_net_raw/i.test(said))
    return new Failure('ping may not send', { advice: permissionAdvice })
  return new Failure(`ping on ${name}: ${said.trim().replace(/\s*\n\s*/g, '; ')}`)
}

/**
 * The same within a round: ends with it, and a failure is a warning. `failed` is called then, and
 * where there is no address to send from.
 */
export async function* echoIn(
  { link, patience, question, echoes }: Round,
  group: string,
  failed: () => void = () => {},
): AsyncGenerator<string> {
  if (ownLinkLocal(link) === undefined) return failed()
  const itself = `echo to ${group} on ${link.name}`
  patience.expect(itself, startMs)
  const sent = () => {
    echoes.sent++
    patience.asked(echoDelayMs)
    patience.met(itself)
  }
  try {
    for await (const address of echo(link, group, patience.signal, sent)) {
      echoes.answered++
      yield address
    }
  } catch (error) {
    if (patience.signal.aborted) return
    if (isGone(link, error)) return question.warn(goneWarning(link))
    question.warn(`no echo, and machines that do not speak mDNS may stay hidden: ${explain(error)}`)
    failed()
  } finally {
    patience.met(itself)
  }
}

const maxComplaint = 300
const permissionAdvice = 'give it the right, as root: setcap cap_net_raw+ep "$(command -v ping)"'
