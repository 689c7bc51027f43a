import { runProgram } from '../common/cli.ts'
import type { CommandResult } from '../common/command.ts'
import { lookAhead } from './look-ahead.ts'
import { findPlainly } from './verbs/find.ts'
import { knownHostsPlainly } from './verbs/known-hosts.ts'
import { proxyPlainly } from './verbs/proxy.ts'
import { sshPlainly } from './verbs/ssh.ts'

/**
 * Runs what is typed most, by people and by ssh, and is read without yargs, which takes as long to
 * load as Node to start; any other command line is for yargs. `look` is what the entry has asked for.
 */
export async function run(
  argv: readonly string[],
  look: Promise<CommandResult> | undefined,
): Promise<never> {
  const read = [findPlainly, proxyPlainly, knownHostsPlainly, sshPlainly].flatMap(
    (each) => each(argv) ?? [],
  )
  const [verb] = read
  if (!verb) return (await import('./command-line.ts')).run(argv, look)
  if (look) lookAhead(look)
  return runProgram('scanner', verb)
}
