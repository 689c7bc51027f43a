import { findPlainly } from './verbs/find.ts'
import { knownHostsPlainly } from './verbs/known-hosts.ts'
import { proxyPlainly } from './verbs/proxy.ts'

/** Runs a command line that needs no yargs to be read; undefined for any other. */
export function runPlainly(argv: readonly string[]): Promise<number> | undefined {
  return findPlainly(argv) ?? proxyPlainly(argv) ?? knownHostsPlainly(argv)
}
