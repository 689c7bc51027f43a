import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { normalizeAddress, splitZone } from '../../common/address.ts'
import { commandEnvironment, commandMissing } from '../../common/command.ts'
import { errorCode, Failure } from '../../common/failure.ts'
import type { Link } from '../../common/links.ts'

/**
 * Two rounds: `ping` stops as soon as its last round is answered, and a second one, 200 ms later,
 * gives the many that answer the first the time to be read. 200 ms is the least a user may ask for.
 */
const rounds = ['-c', '2', '-i', '0.2', '-W', '1']

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
  // -L keeps our own kernel from answering first, which would end the round.
  const args = ['-6', '-n', '-L', ...rounds, `${group}%${link.name}`]
  const child = spawn('ping', args, {
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
  for await (const line of createInterface({ input: child.stdout })) {
    const address = parseEchoReply(line)
    if (!address || own.has(address) || seen.has(address)) continue
    seen.add(address)
    yield address
  }
  const error = await failed
  if (signal.aborted) return
  if (error) throw errorCode(error) === 'ENOENT' ? commandMissing('ping', error) : error
  // Status 1 is "nobody answered", which is a result; a complaint is not.
  if (said) throw new Failure(`ping on ${link.name}: ${said.trim()}`, { advice: pingAdvice })
}

const maxComplaint = 300
const pingAdvice = 'ping needs an IPv6 address on the link, and the right to send ICMPv6'

/** The source address of `64 bytes from fe80::1%eno1: icmp_seq=1 ttl=64 time=0.1 ms`. */
export function parseEchoReply(line: string): string | undefined {
  const from = /^\d+ bytes from ([0-9a-fA-F:.]+%?[^ ]*): icmp_seq=/.exec(line)?.[1]
  return from && normalizeAddress(splitZone(from).address)
}
