import { runCommand } from '../../../common/command.ts'

/** The addresses that other programs get for a host name, as getent(1) prints them; none when it is not known. */
export async function resolveByLibc(name: string, signal: AbortSignal): Promise<string[]> {
  const { stdout } = await runCommand('getent', ['ahosts', name], signal)
  const addresses = stdout.split('\n').flatMap((line) => line.split(/\s+/)[0] || [])
  return [...new Set(addresses)]
}
