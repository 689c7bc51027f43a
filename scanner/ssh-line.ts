import type { Ahead } from './look-ahead.ts'
import { runPlainly } from './plain-line.ts'
import { knownHostsPlainly } from './verbs/known-hosts.ts'
import { proxyPlainly } from './verbs/proxy.ts'
import { sshPlainly } from './verbs/ssh.ts'

/** `scanner ssh`, what ssh runs, and what they need. */
export function run(argv: readonly string[], ahead: Ahead | undefined): Promise<never> {
  return runPlainly([sshPlainly, proxyPlainly, knownHostsPlainly], argv, ahead)
}
