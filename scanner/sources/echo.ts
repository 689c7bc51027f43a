import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { commandEnvironment, commandMissing } from '../../common/command.ts'
import { errorCode, Failure } from '../../common/failure.ts'
import type { Link } from '../../common/links.ts'
import { here } from './platform/here.ts'
import { quietMs } from './quiet.ts'

/**
 * Sends echo requests (RFC 4443 section 4.1) to a group on one link and gives the source address of
 * each reply as it comes, once each, without zone, our own left out. Throws a Failure when `ping`
 * is missing or may not send.
 */
export async function* echo(
  link: Link,
  group: string,
  signal: AbortSignal,
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
    child.once('error', resolve)
    child.once('close', () => resolve(undefined))
  })
  const own = new Set(link.addresses.map((each) => each.address))
  const seen = new Set<string>()
  const quiet = setTimeout(() => child.kill(), quietMs)
  for await (const line of createInterface({ input: child.stdout })) {
    quiet.refresh()
    const address = here.parseEchoReply(line)
    if (!address || own.has(address) || seen.has(address)) continue
    seen.add(address)
    yield address
  }
  clearTimeout(quiet)
  const error = await failed
  if (signal.aborted) return
  if (error) throw errorCode(error) === 'ENOENT' ? commandMissing(command, error) : error
  // That nobody answered is a result; a complaint is not.
  if (said) throw new Failure(`ping on ${link.name}: ${said.trim()}`, { advice: pingAdvice })
}

const maxComplaint = 300
const pingAdvice = 'ping needs an IPv6 address on the link, and the right to send ICMPv6'
