import { type CommandResult, runCommand } from '../../../common/command.ts'

/** The settings that ssh would use for a host (ssh(1), -G): each with its values in order. */
export async function readSshSettings(
  host: string,
  signal: AbortSignal,
): Promise<Map<string, string[]>> {
  const { stdout } = await runCommand('ssh', ['-G', '--', host], signal)
  const settings = new Map<string, string[]>()
  for (const line of stdout.split('\n')) {
    const [, key = '', value = ''] = /^(\S+) (.*)$/.exec(line) ?? []
    settings.set(key, [...(settings.get(key) ?? []), value])
  }
  return settings
}

/** What an agent holds (ssh-add(1), exit status): `gone` when nobody listens there. */
export async function askKeyAgent(signal: AbortSignal): Promise<'keys' | 'empty' | 'gone'> {
  const { status } = await runCommand('ssh-add', ['-l'], signal)
  if (status === 0) return 'keys'
  return status === 1 ? 'empty' : 'gone'
}

/** Runs a command on a machine by ssh, which asks nobody for anything. */
export function runRemotely(words: readonly string[], signal: AbortSignal): Promise<CommandResult> {
  return runCommand('ssh', words, signal)
}
