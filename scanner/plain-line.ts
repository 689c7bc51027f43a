import { runProgram } from '../common/cli.ts'
import { findPlainly } from './verbs/find.ts'
import { knownHostsPlainly } from './verbs/known-hosts.ts'
import { proxyPlainly } from './verbs/proxy.ts'

/**
 * Runs what is typed most, by people and by ssh, and is read without yargs, which takes as long to
 * load as Node to start; any other command line is for yargs.
 */
export async function run(argv: readonly string[]): Promise<never> {
  const read = [findPlainly, proxyPlainly, knownHostsPlainly].flatMap((each) => each(argv) ?? [])
  const [verb] = read
  if (verb) return runProgram('scanner', verb)
  const { run } = await import('./command-line.ts')
  return run(argv)
}
