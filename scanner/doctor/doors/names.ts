import { runCommand } from '../../../common/command.ts'

/** IPv4 as IPv6 sockets see it (RFC 4291 section 2.5.5.2). */
const mapped = /^::ffff:(?=\d+\.)/

/** The addresses that other programs get for a host name, as getent(1) prints them; none when it is not known. */
export async function resolveByLibc(name: string, signal: AbortSignal): Promise<string[]> {
  const { stdout } = await runCommand('getent', ['ahosts', name], signal)
  const addresses = stdout
    .split('\n')
    .flatMap((line) => line.split(/\s+/)[0]?.replace(mapped, '') || [])
  return [...new Set(addresses)]
}
